#!/bin/sh
# prepare.sh: installs what booting nodes needs, as far as it is missing. The
# tests that need no node run without it.
set -eu

missing=
needs() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || missing="$missing $2"
}
needs mmdebstrap mmdebstrap
needs systemd-nspawn systemd-container
needs gpg gpg
if ! [ -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
	missing="$missing debian-archive-keyring"
fi
if [ -z "$missing" ]; then exit 0; fi

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "tests on real nodes need:$missing" >&2
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet
# shellcheck disable=SC2086
apt-get install --quiet --yes --no-install-recommends ca-certificates $missing
