package test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/test/boot"
)

const slowService = `
units:
  slow.service: {active: true, settle: 3s, content: "[Service]\nExecStart=/bin/sleep infinity\n"}
`

// While one run is under way another one ends with status 5 and says who holds
// the lock, or waits when told to. A run that is killed holds nothing.
func TestLocked(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.InstallAgent()
	m.WriteFile("/root/slow.yaml", "version: 1\n"+slowService, 0o600)
	ctx, kill := context.WithCancel(t.Context())
	first := m.Command(ctx, boot.AgentPath, "apply", "/root/slow.yaml")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	m.MustSh("until systemctl is-active --quiet slow; do sleep 0.05; done")

	began := time.Now()
	refused := run(m, "files: {/srv/x: {content: x}}\n", "apply")
	if refused.Code != 5 || !strings.Contains(refused.Stderr, "another run holds the lock: process ") || time.Since(began) > time.Second {
		t.Errorf("beside another run: %s", refused)
	}
	if planned := run(m, "files: {/srv/x: {content: x}}\n", "plan"); planned.Code != 2 {
		t.Errorf("plan beside another run: %s", planned)
	}
	if waited := run(m, "files: {/srv/x: {content: x}}\n", "apply", "--wait", "30s"); waited.Code != 0 {
		t.Errorf("--wait: %s", waited)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first run: %v", err)
	}

	m.MustSh("systemctl stop slow")
	killed := m.Command(ctx, boot.AgentPath, "apply", "/root/slow.yaml")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	m.MustSh("until systemctl is-active --quiet slow; do sleep 0.05; done")
	kill()
	_ = killed.Wait()
	if result := run(m, "files: {/srv/x: {content: x}}\n", "apply"); result.Code != 0 {
		t.Errorf("after a run that was killed: %s", result)
	}
}

// A signal lets the change in hand come to its end, and nothing more is begun.
func TestTerminated(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.InstallAgent()
	m.WriteFile("/root/slow.yaml", "version: 1\n"+slowService+`
files: {/srv/later: {content: x, after: [unit:slow.service]}}
`, 0o600)
	result := m.Sh("timeout --signal=TERM 1 " + boot.AgentPath + " apply /root/slow.yaml")
	if result.Code != 124 && result.Code != 1 || !strings.Contains(result.Stdout, "the run was interrupted") {
		t.Errorf("terminated: %s", result)
	}
	m.MustSh("systemctl is-active slow; ! test -e /srv/later")
	if again := m.Agent("apply", "/root/slow.yaml"); again.Code != 0 || !strings.Contains(again.Stdout, "1 changed") {
		t.Errorf("applied again: %s", again)
	}
}
