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
	m := ready(t)
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

// A run that is told to stop, or has no time left, brings the change in hand to
// its end and begins nothing more. The next run goes on from there.
func TestStopped(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/root/slow.yaml", "version: 1\n"+slowService+`
files: {/srv/later: {content: x, after: [unit:slow.service]}}
`, 0o600)
	for what, c := range map[string]struct{ script, says string }{
		"by a signal":  {`mnw-agent apply /root/slow.yaml & until systemctl is-active slow; do sleep 0.05; done; kill $!; wait $!`, "the run was interrupted"},
		"by --timeout": {`mnw-agent apply --timeout 2s /root/slow.yaml`, "the run took longer than 2s"},
	} {
		t.Run(what, func(t *testing.T) {
			m := m.For(t)
			m.MustSh("systemctl stop slow 2>/dev/null || true; rm -f /srv/later")
			if result := m.Sh(c.script); result.Code != 1 || !strings.Contains(result.Stdout, c.says) {
				t.Errorf("want exit 1 and %q: %s", c.says, result)
			}
			m.MustSh("systemctl is-active slow; ! test -e /srv/later")
			if again := m.Agent("apply", "/root/slow.yaml"); again.Code != 0 || !strings.Contains(again.Stdout, "1 changed") {
				t.Errorf("applied again: %s", again)
			}
		})
	}
}
