package test

import (
	"context"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// A check that hangs costs its limit, not the night, and nothing of it is left.
func TestCheckHangs(t *testing.T) {
	t.Parallel()
	m := ready(t)
	result := run(m, `
files: {/srv/x: {content: x}}
checks:
  hangs: {command: [sh, -c, "trap '' TERM; setsid sleep 4321 & sleep 4321"], within: 1s, timeout: 300ms}
`, "apply", "--json")
	r := report(t, result)
	if result.Code != 0 || r.Checks[0].Verdict != agent.CheckUnproven || !strings.Contains(r.Checks[0].Error, "still running after 300ms and was killed") || r.Seconds > 20 {
		t.Error(result)
	}
	m.MustSh("! pgrep --full '[s]leep 4321'")
}

// A roll-back that has begun is not stopped by a signal, and while it is under way
// no other run begins.
func TestRollbackIsNotStopped(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/bin/sleep 2\n' >/etc/systemd/system/lingers.service; systemctl daemon-reload`)
	m.WriteFile(manifestPath, `version: 1
files: {/srv/x: {content: x}}
units: {lingers.service: {active: true, after: ["file:/srv/x"]}}
checks: {works: {command: [test, '!', -e, /srv/x], within: 500ms, timeout: 400ms}}
`, 0o600)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := m.Command(ctx, boot.AgentPath, "apply", manifestPath)
	var said strings.Builder
	began.Stdout, began.Stderr = &said, &said
	if err := began.Start(); err != nil {
		t.Fatal(err)
	}
	m.MustSh("until systemctl is-active --quiet lingers; do sleep 0.02; done; until [ \"$(systemctl show -P ActiveState lingers)\" = deactivating ]; do sleep 0.02; done; pkill --signal TERM --exact mnw-agent")
	if beside := m.Agent("rollback"); beside.Code != 5 || !strings.Contains(beside.Stderr, "another run holds the lock: process ") {
		t.Errorf("beside a run: %s", beside)
	}
	if err := began.Wait(); began.ProcessState.ExitCode() != 3 {
		t.Errorf("stopped while it went back: %v: %s", err, said.String())
	}
	m.MustSh("! test -e /srv/x; ! systemctl is-active lingers")
	if waited := m.Agent("rollback", "--wait", "10s"); waited.Code != 1 || !strings.Contains(waited.Stderr, "there is no run in the journal to take back") {
		t.Errorf("nothing is left to take back: %s", waited)
	}
}

// A run that restarts the unit which it is itself a part of leaves that to the
// very end: all is done and reported by then.
func TestRestartsItself(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/root/self.yaml", `version: 1
files: {/srv/x: {content: x}}
units:
  self.service:
    dropins: {more: "[Service]\nNice=5\n"}
checks: {works: {command: [test, -e, /bin/sh]}}
`, 0o600)
	m.MustSh(`printf '[Service]\nExecStart=/bin/sh -c "mnw-agent apply /root/self.yaml; echo run of $$$$ ended with $? >>/srv/ends; exec sleep infinity"\n' >/etc/systemd/system/self.service
systemctl daemon-reload; systemctl start self`)
	const second = `until [ "$(grep -c 'ended with 0' /srv/ends 2>/dev/null)" -ge 1 ] && systemctl is-active --quiet self && [ "$(ps -o ni= -p "$(systemctl show -P MainPID self)" | tr -d ' ')" = 5 ]; do sleep 0.05; done; sleep 1`
	m.MustSh(second)
	m.MustSh("test -e /srv/x")
	if again := m.Agent("apply", "/root/self.yaml"); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("applied again: %s", again)
	}
	history := m.Agent("history")
	if strings.Count(history.Stdout, "\n") != 1 || !strings.Contains(history.Stdout, "changed") {
		t.Errorf("history: %s", history)
	}
}
