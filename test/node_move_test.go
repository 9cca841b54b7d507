package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// moving declares the move of git's home, as issue and cutover have it.
const moving = `
users:
  git: {home: /var/lib/mnw/git, move: true}
directories:
  /var/lib/mnw: {owner: makenotwork, group: makenotwork, mode: 0755}
  /var/lib/mnw/git: {owner: git, group: git, mode: 0755, reachable_by: [makenotwork]}
authorized_keys:
  git: {keys: {late: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZlZWRmYWNlZmVlZGZhY2VmZWVkZmFjZWZlZWRmYWNl}}
`

// gitServer is a node with a user git, whose home holds repositories full of hard
// links, and what else is easily lost; sshd runs, and root may push as git.
func gitServer(t *testing.T) *boot.Machine {
	t.Helper()
	m := ready(t)
	m.MustSh(`
useradd --system --shell /usr/sbin/nologin makenotwork
useradd --system --home-dir /opt/git --shell /bin/sh git
install -d -o git -g git /opt/git /opt/git/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 || { mkdir -m 0700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; }
cp /root/.ssh/id_ed25519.pub /opt/git/.ssh/authorized_keys
chown git:git /opt/git/.ssh/authorized_keys; chmod 0700 /opt/git/.ssh; chmod 0600 /opt/git/.ssh/authorized_keys
runuser -u git -- sh -eu <<'SCRIPT'
cd /opt/git
git init --quiet --bare --initial-branch=main a.git
SCRIPT
git config --global safe.directory '*'; git config --global user.name max; git config --global user.email max@example.net
systemctl start ssh
ssh-keyscan localhost 2>/dev/null >/root/.ssh/known_hosts
git clone --quiet git@localhost:a.git /root/work 2>/dev/null
cd /root/work; git checkout --quiet -b main
for n in $(seq 200); do echo $n >file$n; done; git add .; git commit --quiet -m first; git push --quiet origin main
runuser -u git -- git clone --quiet --bare /opt/git/a.git /opt/git/b.git
runuser -u git -- sh -eu <<'SCRIPT'
cd /opt/git; truncate -s 64M sparse; mkfifo fifo; touch -d 2020-01-01 old; setfacl -m u:makenotwork:r old; setfattr -n user.note -v mine old
SCRIPT
`)
	return m
}

// sessionsOver waits until systemd has put away what it runs for git.
const sessionsOver = `for n in $(seq 200); do pgrep -u git >/dev/null || break; sleep 0.1; done; ! pgrep -lu git
`

// treeOf tells of everything below a directory all that a copy keeps.
const treeOf = `tree() {
cd $1
find . -mindepth 1 \( -type d -printf '%p %M %U:%G\n' -o -printf '%p %y %M %U:%G %s %n %T@ %l\n' \) | sort
find . -mindepth 1 ! -type l | sort >/tmp/all; getfacl --absolute-names - </tmp/all; xargs -d '\n' getfattr -d </tmp/all
find . -type f -exec sha256sum {} + | sort; cd /
}
`

// A home moves with all its repositories while they are pushed to; every object and
// every hard link is there, and a push after it reaches the new home.
func TestMoveHome(t *testing.T) {
	t.Parallel()
	m := gitServer(t)
	m.MustSh(sessionsOver + treeOf + `tree /opt/git >/root/before`)
	result := run(m, moving, "apply")
	if result.Code != 0 {
		t.Fatal(result)
	}
	if again := m.Agent("apply", manifestPath); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("applied again: %s", again)
	}
	m.MustSh(treeOf + `
tree /opt/git >/root/old; diff /root/before /root/old
grep -v authorized_keys /root/before >/root/want
tree /var/lib/mnw/git | grep -v authorized_keys >/root/new; diff /root/want /root/new
test "$(getent passwd git | cut -d: -f6)" = /var/lib/mnw/git
test "$(stat -c %b /var/lib/mnw/git/sparse)" = 0
test "$(wc -l </var/lib/mnw/git/.ssh/authorized_keys)" = 2
test "$(stat -c %U:%G:%a /var/lib/mnw/git)" = git:git:755
test "$(ls -A /var/lib/mnw)" = git
cd /root/work; echo more >more; git add more; git commit --quiet -m second; git push --quiet origin main
git -C /var/lib/mnw/git/a.git fsck --strict; test "$(git -C /var/lib/mnw/git/a.git rev-parse main)" = "$(git rev-parse main)"`)
	m.MustSh(sessionsOver)
	if result := m.Agent("rollback"); result.Code != 0 {
		t.Fatal(result)
	}
	// What was pushed since is in the old home again.
	m.MustSh(`
! test -e /var/lib/mnw; test "$(getent passwd git | cut -d: -f6)" = /opt/git
git -C /opt/git/a.git fsck --strict; test "$(git -C /opt/git/a.git rev-parse main)" = "$(git -C /root/work rev-parse main)"
cd /root/work; git fetch --quiet; git diff --exit-code origin/main`)
}

// Pushed to while it is being copied, a home loses no object: what was pushed is in
// the copy.
func TestMoveHomePushed(t *testing.T) {
	t.Parallel()
	m := gitServer(t)
	m.MustSh(sessionsOver + `
cat >/root/push.sh <<'SCRIPT'
cd /root/work
for n in 1 2 3 4 5 6; do echo $n >pushed; git add pushed; git commit --quiet -m "push $n"; git push --quiet origin main; done
SCRIPT
runuser -u git -- sh -c 'for n in $(seq 3000); do echo $n >/opt/git/many$n; done'`)
	m.MustSh(`systemd-run --quiet --collect --unit=pushes --setenv=HOME=/root --property=Type=oneshot --no-block sh -eu /root/push.sh; sleep 0.3`)
	if result := run(m, moving, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh(`
for n in $(seq 200); do test "$(systemctl is-active pushes)" = activating || break; sleep 0.1; done; ! systemctl is-failed pushes
test "$(git -C /var/lib/mnw/git/a.git rev-parse main)" = "$(git -C /root/work rev-parse main)"
git -C /var/lib/mnw/git/a.git fsck --strict; git -C /var/lib/mnw/git/b.git fsck --strict
test "$(git -C /root/work log --oneline | grep -c 'push [1-6]$')" = 6
for repo in a b; do
	git -C /opt/git/$repo.git rev-list --objects --all | sort >/root/old; git -C /var/lib/mnw/git/$repo.git rev-list --objects --all | sort >/root/new
	test -z "$(comm -23 /root/old /root/new)"
done
test "$(ls /var/lib/mnw/git | wc -l)" = "$(ls /opt/git | wc -l)"`)
}

// Processes in the way are named with what they do, and nothing is moved; when they
// have ended it is.
func TestMoveHomeInTheWay(t *testing.T) {
	t.Parallel()
	m := gitServer(t)
	m.MustSh(sessionsOver + `
systemd-run --quiet --unit=worker --uid=git sleep infinity
systemd-run --quiet --unit=reader --property=WorkingDirectory=/opt/git/a.git sleep infinity
systemd-run --quiet --unit=opener sh -c 'exec 3</opt/git/old; exec sleep infinity'
sleep 16`)
	result := run(m, moving, "apply")
	for _, says := range []string{"processes are in the way of moving /opt/git", " git (/usr/bin/sleep infinity): it runs as the user",
		" root (/usr/bin/sleep infinity): it works in /opt/git/a.git", " root (sleep infinity): it has /opt/git/old open"} {
		if result.Code != 1 || !strings.Contains(result.Stdout+result.Stderr, says) {
			t.Errorf("it does not say %q: %s", says, result)
		}
	}
	m.MustSh(`test "$(getent passwd git | cut -d: -f6)" = /opt/git; ! test -e /var/lib/mnw/git; systemctl stop worker reader opener`)
	if result := m.Agent("apply", manifestPath); result.Code != 0 {
		t.Error(result)
	}
}

// What a service may not make is named for what it is, and nothing is moved.
func TestMoveHomeDevice(t *testing.T) {
	t.Parallel()
	m := gitServer(t)
	m.InstallAgent()
	m.MustSh(sessionsOver + "mknod /opt/git/dev c 1 3; chown git /opt/git/dev")
	m.WriteFile(manifestPath, "version: 1\n"+moving, 0o600)
	result := m.Run("setpriv", "--bounding-set=-mknod", boot.AgentPath, "apply", manifestPath)
	if result.Code != 1 || !strings.Contains(result.Stdout, "dev: it is a device, which a hardened service may not make: remove it") {
		t.Error(result)
	}
	if result := m.Agent("apply", manifestPath); result.Code != 0 {
		t.Error(result)
	}
	m.MustSh("test -c /var/lib/mnw/git/dev")
}
