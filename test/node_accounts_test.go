package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// Users that are in each other's groups go, and come back. A user's number takes
// its crontab along, both ways: cron does not run one that belongs to somebody else.
func TestAccountsBack(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`
useradd tool; useradd agnes; usermod --append --groups tool agnes
useradd worker; echo '0 3 * * * /bin/true' | crontab -u worker -
getent passwd tool agnes worker >/root/before; getent group tool agnes worker >>/root/before`)
	const mine = `test "$(stat -c %U:%a /var/spool/cron/crontabs/worker)" = worker:600; test "$(crontab -l -u worker)" = '0 3 * * * /bin/true'; `
	result := run(m, "users: {tool: {state: absent}, agnes: {state: absent}, worker: {uid: 4242}}\n", "apply")
	if result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh(mine + `test "$(id -u worker)" = 4242; ! getent group tool agnes`)
	if result := m.Agent("rollback"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh(mine + `getent passwd tool agnes worker >/root/after; getent group tool agnes worker >>/root/after; diff /root/before /root/after`)
}

// Shortly after somebody has logged in, systemd still runs something for that user, and
// usermod would refuse: the run waits for it. What stays is told by plan.
func TestUserInUse(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	m.MustSh(boot.Push)
	m.MustSh("runuser -u mnw-cli -- sleep 300 >/dev/null 2>&1 & sleep 16")
	const busy = "users: {mnw-cli: {home: /srv/cli}}\n"
	if planned := run(m, busy, "plan"); planned.Code != 1 || !strings.Contains(planned.Stdout, "mnw-cli (sleep 300): it runs as the user") {
		t.Error(planned)
	}
	m.MustSh("pkill -x sleep -u mnw-cli")
	m.MustSh(boot.Push)
	if result := m.Agent("apply", cutoverDir+"manifest.yaml"); result.Code != 0 {
		t.Error(result)
	}
}
