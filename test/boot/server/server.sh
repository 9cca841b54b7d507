#!/bin/sh
# server.sh: run inside a node, in the directory that holds it. Makes the node a
# server that was set up by hand and has aged: everything in /opt/makenotwork,
# as it was before the move to /opt/mnw, /etc/mnw and /var/lib/mnw.
set -eu
umask 022
old=/opt/makenotwork

# Users. git's home is also where its repositories are.
useradd --system --create-home --shell /usr/sbin/nologin makenotwork
groupadd --system --gid 986 git
useradd --system --uid 995 --gid git --home-dir /opt/git --shell /bin/sh git
useradd --system --create-home --shell /bin/bash mnw-cli

# The release by hand, and what gathered around it.
cp -r root/. /
cp -r release/. makenotwork mnw-admin "$old"
cp dotenv "$old/.env"
for day in 01 08 15 22 29; do
	grep -v '^FEATURE_' dotenv >"$old/.env.bak.202604$day"
done
mkdir -p "$old/backups" "$old/yara-rules" "$old/yara-rules-src" "$old/rustdoc" "$old/ssh" "$old/deploy"
for rule in crypto_miner webshell dropper; do
	echo "rule $rule { condition: false }" >"$old/yara-rules-src/$rule.yar"
	printf 'YARA\000\001%s' "$rule" >"$old/yara-rules/$rule.yarc"
done
echo '<!doctype html><title>makenotwork</title>' >"$old/rustdoc/index.html"
echo 'build.example.net ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl' >"$old/ssh/known_hosts"
echo 'server-0.9.1.tar.gz' >"$old/deploy/uploaded"

# A dump of each day for eight months: as many as there were, not as large.
perl -MPOSIX=strftime -e 'for my $days (1 .. 240) {
	my $then = time - 86400 * $days;
	my $dump = strftime("$ARGV[0]/backups/makenotwork-%Y%m%d.sql.gz", gmtime $then);
	open my $file, ">", $dump or die; print $file "-- a dump\n"; close $file;
	utime $then, $then, $dump;
}' "$old"

# Who owns what.
chown -R makenotwork:makenotwork "$old"
cd "$old"
chown -R root:root makenotwork mnw-admin .env.bak.* yara-rules yara-rules-src ssh deploy
chown -R 501:staff rustdoc
chmod 0755 makenotwork mnw-admin backup-db.sh /opt/backups/pg_backup.sh
chmod 0600 .env .env.bak.*
chmod 0440 /etc/sudoers.d/mnw-*
runuser -u makenotwork -- sh -c './backup-db.sh >>backups/backup.log 2>&1'
cd "$OLDPWD"

# Repositories. Most are forks, which share their objects with each other by hard
# links. max may push to them.
install -d -o git -g git /opt/git
runuser -u git -- sh -eu <<'SCRIPT'
cd /opt/git
git init --quiet --bare --initial-branch=main max/meta.git
i=0
while [ $i -lt 25 ]; do
	i=$((i + 1))
	printf 'commit refs/heads/main\ncommitter max <max@example.net> %d +0000\ndata 7\nchange\n' $((1760000000 + i))
	printf 'M 100644 inline page%d\ndata 4\n%03d\n\n' $i $i
done | git -C max/meta.git fast-import --quiet
for fork in max/site max/rules ada/meta ada/site lin/meta lin/rules; do
	git clone --quiet --bare max/meta.git $fork.git
done
SCRIPT
ssh-keygen -q -t ed25519 -N '' -C max -f /root/max
echo "max $(cut -d' ' -f1,2 /root/max.pub)" | install -o git -g git -m 0600 /dev/stdin /opt/git/keys
( set -a; . "$old/.env"; exec runuser -u git -- "$old/mnw-admin" rebuild-keys )

# What runs.
crontab -u makenotwork crontab.makenotwork
crontab -u root crontab.root
visudo --check --quiet
systemctl daemon-reload
systemctl enable --quiet --now makenotwork.service
systemctl restart caddy.service
curl --silent --show-error --fail --retry 20 --retry-connrefused --retry-delay 1 \
	http://localhost:8080/api/health >/dev/null
