#!/bin/sh
# sandbox.sh DIRECTORY: lays out a directory that looks like the disk of the server
# in test/boot/server, as far as somebody who is not root can.
set -eu
root=$1
from=test/boot/server
old=$root/opt/makenotwork

mkdir -p "$root/opt" "$root/etc" "$root/var/lib" "$root/var/spool/cron/crontabs" "$root/lib/systemd/system" "$root/home/makenotwork"
cp -R "$from/root/." "$root/"
mkdir -p "$old/yara-rules" "$root/opt/git"
cp -R "$from/release/." "$old/"
for program in makenotwork mnw-admin; do
	printf '#!/bin/sh\n' >"$old/$program"
	chmod 0755 "$old/$program"
done
cp "$from/dotenv" "$old/.env"
cp "$from/crontab.makenotwork" "$root/var/spool/cron/crontabs/makenotwork"

mkdir -p "$root/opt/mnw/releases/0.9.5"
cp -R "$from/release/." "$root/opt/mnw/releases/0.9.5/"
cp "$old/makenotwork" "$old/mnw-admin" "$root/opt/mnw/releases/0.9.5/"
ln -s releases/0.9.5 "$root/opt/mnw/current"

cat >"$root/etc/passwd" <<'PASSWD'
root:x:0:0:root:/root:/bin/bash
makenotwork:x:996:996::/home/makenotwork:/usr/sbin/nologin
git:x:995:986::/opt/git:/bin/sh
PASSWD
cat >"$root/etc/group" <<'GROUP'
root:x:0:
makenotwork:x:996:
git:x:986:
GROUP
mkdir -p "$root/bin" && : >"$root/bin/bash" && chmod 0755 "$root/bin/bash"
printf '[Service]\nExecStart=/usr/bin/caddy run --config /etc/caddy/Caddyfile\n[Install]\nWantedBy=multi-user.target\n' \
	>"$root/lib/systemd/system/caddy.service"
