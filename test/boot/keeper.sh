#!/bin/sh
# keeper.sh CGROUP DIR NAME: waits until its standard input ends, then ends the
# node and removes what it leaves. The other end of the input is held by the
# process that started the node, so this happens however that process ends.
set -u
cat >/dev/null
echo 1 >"$1/cgroup.kill"
for try in $(seq 500); do
	find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
	if ! [ -d "$1" ]; then break; fi
	sleep 0.02
done
rmdir "/run/systemd/nspawn/propagate/$3" 2>/dev/null
rm -rf --one-file-system "$2"
