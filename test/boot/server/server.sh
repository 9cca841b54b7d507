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
cp -r release/. makenotwork "$old"
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
touch -d '3 days ago' "$old/backups/makenotwork-20260531.sql.gz"

# Who owns what.
chown -R makenotwork:makenotwork "$old"
cd "$old"
chown -R root:root makenotwork mnw-admin .env.bak.* yara-rules yara-rules-src ssh deploy
chown -R 501:staff rustdoc
chmod 0755 makenotwork mnw-admin backup-db.sh
chmod 0600 .env .env.bak.*
chmod 0440 /etc/sudoers.d/mnw-*
runuser -u makenotwork -- ./backup-db.sh >/dev/null
cd "$OLDPWD"

# Repositories; the clone shares its objects by hard links.
install -d -o git -g git /opt/git
runuser -u git -- sh -eu <<'SCRIPT'
cd /opt/git
export GIT_AUTHOR_NAME=max GIT_AUTHOR_EMAIL=max@example.net
export GIT_COMMITTER_NAME=max GIT_COMMITTER_EMAIL=max@example.net
git init --quiet --bare --initial-branch=main max/meta.git
cd max/meta.git
git update-ref refs/heads/main "$(git commit-tree -m first "$(git mktree </dev/null)")"
git clone --quiet --bare . ../site.git
SCRIPT
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
