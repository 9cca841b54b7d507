package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
)

// gates are units that do not come up, or do not take their configuration.
var gates = []struct {
	what   string
	before string // a script
	unit   string
	fields string
	says   []string
}{
	{"a unit that starts and dies", "",
		"dies.service", `{active: true, content: "[Service]\nExecStart=/bin/sh -c 'echo dying words; exit 3'\n"}`,
		[]string{"it was started and did not stay up", "(exit-code, status 3)", "dying words"}},
	{"a unit that dies only after a while", "",
		"late.service", `{active: true, settle: 2s, content: "[Service]\nExecStart=/bin/sh -c 'sleep 0.7; echo late words; exit 4'\n"}`,
		[]string{"it was started and did not stay up", "late words"}},
	{"a unit that is started again and again", "",
		"loops.service", `{active: true, content: "[Service]\nRestart=always\nRestartSec=100ms\nExecStart=/bin/sh -c 'echo loop words; exit 1'\n"}`,
		[]string{"it was started and did not stay up", "loop words"}},
	{"a unit whose user nobody knows", `printf '[Service]\nUser=nosuchuser\nExecStart=/bin/true\n' >/etc/systemd/system/noexec.service; systemctl daemon-reload`,
		"noexec.service", `{active: true}`,
		[]string{"it was started and did not stay up", "status 217", "Failed to determine user credentials"}},
	{"a unit that runs, and dies with its new file", `
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/runs.service
systemctl daemon-reload; systemctl start runs`,
		"runs.service", `{active: true, content: "[Service]\nExecStart=/bin/sh -c 'echo new words; exit 5'\n"}`,
		[]string{"it was started and did not stay up", "new words"}},
	{"a unit whose reload fails", `
printf '[Service]\nExecStart=/bin/sleep infinity\nExecReload=/bin/sh -c "echo reload words; test ! -e /srv/with-it"\n' >/etc/systemd/system/noreload.service
systemctl daemon-reload; systemctl start noreload; sleep 0.1; touch /etc/noreload.conf`,
		"noreload.service", `{active: true, reads: [/etc/noreload.conf], on_stale: reload}`,
		[]string{"the reload failed: it still runs with what it had loaded before", "reload words"}},
}

// A unit that does not come up takes the whole run back: files, users, crontabs,
// and what other units do. The manifest is held until somebody insists.
func TestGates(t *testing.T) {
	t.Parallel()
	m := ready(t)
	for _, g := range gates {
		t.Run(g.what, func(t *testing.T) {
			m := m.For(t)
			m.MustSh(g.before + "\n:")
			manifest := `
users: {comes: {}}
groups: {along: {}}
directories: {/srv/dir: {owner: comes}}
files: {/srv/dir/file: {content: x}, /srv/with-it: {content: x}, /etc/hostname: {mode: 0600}}
crontabs: {root: {jobs: {j: {schedule: "@daily", command: /bin/true}}}}
units:
  cron.service: {dropins: {nice: "[Service]\nNice=5\n"}}
  beside.service: {content: "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n", enabled: true, active: true}
  ` + g.unit + ": " + g.fields + "\n"
			before, was := m.Snapshot(stateDir, "/root", "/etc/.pwd.lock", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-", "/var/log", "/var/lib/systemd", "/tmp"), m.Must("systemctl", "show", "-P", "ActiveState", g.unit)
			result := run(m, manifest, "apply", "--json")
			r := report(t, result)
			if result.Code != 3 || r.Result != agent.RolledBack || r.Rollback == nil || r.Rollback.Failed {
				t.Fatalf("apply: %s", result)
			}
			for _, text := range append(g.says, "run:"+g.unit) {
				if !strings.Contains(r.Rollback.Because, text) {
					t.Errorf("it does not say %q, but %s", text, r.Rollback.Because)
				}
			}
			after := m.Snapshot(stateDir, "/root", "/etc/.pwd.lock", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-", "/var/log", "/var/lib/systemd", "/tmp")
			if diff := before.WithoutTimes().Diff(after.WithoutTimes()); diff != "" {
				t.Errorf("it is not as it was:\n%s", diff)
			}
			if is := m.Must("systemctl", "show", "-P", "ActiveState", g.unit); is != was && was == "active" {
				t.Errorf("%s was %s, and is %s", g.unit, was, is)
			}
			if failed := m.Must("systemctl", "list-units", "--state=failed", "--plain", "--no-legend"); was != "failed" && failed != "" {
				t.Errorf("it is left behind as failed: %s", failed)
			}
			m.MustSh(`! systemctl is-active beside; systemctl is-active cron; test "$(ps -o ni= -p "$(systemctl show -P MainPID cron)" | tr -d ' ')" = 0`)
			if held := run(m, manifest, "apply"); held.Code != 3 || !strings.Contains(held.Stdout, "this manifest is held since run ") {
				t.Errorf("applied again: %s", held)
			}
			if plan := run(m, manifest, "plan"); plan.Code != 2 || !strings.Contains(plan.Stdout, "this manifest is held since run ") {
				t.Errorf("planned again: %s", plan)
			}
			m.MustSh("systemctl stop " + g.unit + " || :; rm -f /etc/systemd/system/" + g.unit + "; systemctl daemon-reload; systemctl reset-failed")
		})
	}
}
