package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// pushing has max push commits to a branch, again and again with a pause between, until
// /root/enough is there; /root/landed says which were taken.
const pushing = `export HOME=/root GIT_SSH_COMMAND="ssh -i /root/max -o StrictHostKeyChecking=accept-new" GIT_AUTHOR_NAME=max GIT_AUTHOR_EMAIL=max@example.net GIT_COMMITTER_NAME=max GIT_COMMITTER_EMAIL=max@example.net
	git clone --quiet git@localhost:max/meta.git /root/busy
	cd /root/busy; git checkout --quiet -b busy
	until test -e /root/enough; do
		git commit --quiet --allow-empty --message="$(date +%N)"
		git push --quiet origin busy && git rev-parse busy >/root/landed
		sleep 0.5
	done`

// down is for how long the server was stopped in a run.
func down(r *agent.Report) (seconds float64) {
	for _, w := range r.Windows {
		seconds += w.Seconds
	}
	return seconds
}

// With a push every second systemd never puts away what it runs for git by itself. The
// cutover goes between two of them, and every one is in the new home.
func TestCutoverBetweenPushes(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	m.WriteFile("/root/pushing.sh", pushing, 0o600)
	m.MustSh("systemd-run --quiet --unit=pushes sh -eu /root/pushing.sh; sleep 16; test -s /root/landed")
	r := report(t, m.Agent("apply", "--json", cutoverDir+"cutover.yaml"))
	if r.Result != agent.Changed || down(r) > 10 {
		t.Errorf("%s, and the server was down for %.1fs", r.Result, down(r))
	}
	m.MustSh(`sleep 2; touch /root/enough; for n in $(seq 100); do systemctl is-active --quiet pushes || break; sleep 0.1; done
		test "$(cat /root/landed)" = "$(git -c safe.directory='*' --git-dir=/var/lib/mnw/git/max/meta.git rev-parse busy)"
		git -c safe.directory='*' --git-dir=/var/lib/mnw/git/max/meta.git fsck --strict`)
}

// A push that takes long is waited for while the server runs, not while it is down.
func TestCutoverAwaitsPush(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	m.WriteFile("/opt/git/max/meta.git/hooks/pre-receive", "#!/bin/sh\nsleep 20\n", 0o755)
	m.MustSh("systemd-run --quiet --unit=long sh -euc '" + strings.ReplaceAll(boot.Push, "'", `'\''`) + "'; for n in $(seq 100); do pgrep pre-receive && break; sleep 0.1; done")
	r := report(t, m.Agent("apply", "--json", cutoverDir+"cutover.yaml"))
	if r.Result != agent.Changed || down(r) > 10 {
		t.Errorf("%s, and the server was down for %.1fs", r.Result, down(r))
	}
	m.MustSh("! systemctl is-failed long; test \"$(git -C /root/meta rev-parse main)\" = \"$(git -c safe.directory='*' --git-dir=/var/lib/mnw/git/max/meta.git rev-parse main)\"")
}

// What does not go is named before the server is stopped.
func TestCutoverInTheWay(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	server := pid(m, "makenotwork")
	m.MustSh("setpriv --reuid=git --regid=git --clear-groups setsid sleep infinity >/dev/null 2>&1 &")
	result := m.Agent("apply", cutoverDir+"cutover.yaml")
	if result.Code != 3 || !strings.Contains(result.Stdout, "git (sleep infinity): it runs as the user") {
		t.Error(result)
	}
	if pid(m, "makenotwork") != server {
		t.Error("the server was stopped")
	}
}

// Who was about to log in when the home changed pushes to the old one: it is waited for,
// and the push is in the new one.
func TestCutoverLateLogin(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	m.MustSh(boot.Push + `
		git -c user.name=max -c user.email=max@example.net commit --quiet --allow-empty --message=late
		sed -i '1i session required pam_exec.so /bin/sleep 3' /etc/pam.d/sshd
		for n in $(seq 200); do pgrep -u git >/dev/null || break; sleep 0.1; done
		systemd-run --quiet --unit=late --setenv=GIT_SSH_COMMAND="$GIT_SSH_COMMAND" --setenv=HOME=/root git -C /root/meta push origin main
		for n in $(seq 200); do pgrep -f 'sshd: git .priv' >/dev/null && break; sleep 0.02; done`)
	if result := m.Agent("apply", cutoverDir+"cutover.yaml"); result.Code != 0 {
		t.Error(result)
	}
	m.MustSh(`for n in $(seq 100); do systemctl is-active --quiet late || break; sleep 0.1; done; ! systemctl is-failed late
		test "$(git -C /root/meta rev-parse main)" = "$(git -c safe.directory='*' --git-dir=/var/lib/mnw/git/max/meta.git rev-parse main)"`)
}
