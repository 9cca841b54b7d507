#!/bin/sh
# image.sh TARGET [PACKAGE...]: builds the Debian that nodes start from; with
# more packages, the one of nodes that need them. The services of those packages
# are off until a test starts them.
#
# It runs under a lock on TARGET.lock, and TARGET appears complete or not at
# all. TARGET carries the digest of this file and of the packages in its name, so
# an edit here makes new images.
set -eu
umask 022
target=$1
shift
partial=$target.partial
if [ -d "$target" ]; then exit 0; fi
rm -rf --one-file-system "$partial"

# The node itself, then what tests look at it with.
packages=systemd,systemd-sysv,dbus,libpam-systemd,sudo,cron,caddy,git,openssh-server,ca-certificates
packages=$packages,acl,attr,curl,e2fsprogs,procps,strace
for package in "$@"; do packages=$packages,$package; done

# The proxy and the mirror of the machine this runs on: mmdebstrap does not look.
mirror=
if command -v apt-get >/dev/null; then
	eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
	if [ -n "${http_proxy:-}" ]; then export http_proxy; fi
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | head -n 1)
fi

mmdebstrap --variant=minbase --include="$packages" \
	--dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-exclude=/usr/share/info/*' \
	--dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	--aptopt='Acquire::Retries "3"' \
	bookworm "$partial" ${mirror:+"$mirror"}

# Nothing of the building machine stays.
echo node >"$partial/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 node\n::1 localhost\n' >"$partial/etc/hosts"
: >"$partial/etc/resolv.conf"
chmod 0644 "$partial/etc/hostname" "$partial/etc/hosts" "$partial/etc/resolv.conf"

# An empty machine-id would make every boot a first boot, which presets all
# units; the stamps keep systemd from updating caches after an "upgrade".
chroot "$partial" systemd-machine-id-setup
touch "$partial/etc/.updated" "$partial/var/.updated"

# A node is quiet: what runs by the clock, asks for a login or keeps login
# records is off, and the journal lives in /run. Two looks at an idle node
# then show the same.
chroot "$partial" systemctl mask \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
	e2scrub_all.timer fstrim.timer systemd-tmpfiles-clean.timer \
	console-getty.service getty.target \
	systemd-update-utmp.service systemd-update-utmp-runlevel.service
for package in "$@"; do
	for unit in $(chroot "$partial" dpkg -L "$package" | sed -n 's|^\(/usr\)\?/lib/systemd/system/||p'); do
		chroot "$partial" systemctl disable "$unit"
	done
done
mkdir -p "$partial/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$partial/etc/systemd/journald.conf.d/node.conf"
rm -f "$partial"/etc/cron.d/* "$partial"/etc/cron.daily/*

mv -T "$partial" "$target"
