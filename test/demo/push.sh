#!/bin/sh
# Pushes a commit to max/meta.git over ssh, looks for it where git's home is, and says
# how many there are.
set -eu
export GIT_SSH_COMMAND="ssh -i /root/max -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR"
export GIT_AUTHOR_NAME=max GIT_AUTHOR_EMAIL=max@example.net GIT_COMMITTER_NAME=max GIT_COMMITTER_EMAIL=max@example.net
test -d meta || git clone --quiet git@localhost:max/meta.git meta
cd meta
git commit --quiet --allow-empty --message=pushed
git push --quiet origin main
repo=$(getent passwd git | cut -d: -f6)/max/meta.git
echo "pushed: $repo has $(runuser -u git -- git --git-dir="$repo" rev-list --count "$(git rev-parse main)") commits"
