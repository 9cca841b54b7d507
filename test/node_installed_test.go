package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A manifest has drop-ins for the agent's own units. When they leave it, --prune takes
// the drop-ins away, and not the agent with them.
func TestPruneSparesTheAgent(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, keeps+`units:
  mnw-agent.service: {dropins: {memory: "[Service]\nMemoryMax=1G\n"}}
  mnw-agent.timer: {dropins: {wake: "[Timer]\nWakeSystem=no\n"}}
`, 0o600)
	install := []string{boot.AgentPath, "install", manifestPath, "--every", "168h", "--prune"}
	m.Must(install...)
	m.Must("systemctl", "start", "mnw-agent")
	m.MustSh("ls " + oneshotFile + ".d/memory.conf " + timerFile + ".d/wake.conf")
	m.WriteFile(manifestPath, keeps, 0o600)
	m.Must("systemctl", "start", "mnw-agent")
	m.MustSh("systemctl is-active mnw-agent.timer; systemctl is-enabled mnw-agent.timer; ! ls -d " + oneshotFile + ".d " + timerFile + ".d")
	if again := m.Run(install...); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("install again: %s", again)
	}
}
