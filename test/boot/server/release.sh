#!/bin/sh
# release.sh VERSION: run inside a node, in the directory that holds it. Does what
# the deployment tool does: puts the release beside the others and swaps the
# link. It restarts nothing.
set -eu
umask 022
release=/opt/mnw/releases/$1

# Before 0.9.6 this tool has put the assumptions one directory higher; they are
# still found there.
case $1 in
0.9.5)
	mv release/docs/business/assumptions.toml release/docs/assumptions.toml
	rmdir release/docs/business
	;;
*) ln -s business/assumptions.toml release/docs/assumptions.toml ;;
esac

mkdir -p "$release"
cp -r release/. makenotwork mnw-admin "$release"
chmod 0755 "$release/makenotwork" "$release/mnw-admin"
chown -R makenotwork:makenotwork "$release"
ln -s "releases/$1" /opt/mnw/current.new
mv -T /opt/mnw/current.new /opt/mnw/current
