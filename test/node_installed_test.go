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

// crowd holds a thousand connections open that ask for nothing.
const crowd = `#!/usr/bin/perl
use IO::Socket::INET;
for (1..1000) {
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:9464", Timeout => 1) or next;
	print $c "GET / HTTP/1.1\r\n";
	$c->flush;
	push @all, $c;
}
open F, ">/tmp/crowded";
sleep 60;
`

// Somebody who opens connections without end keeps no run from being made, and others
// are answered when he is gone.
func TestServeInACrowd(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, keeps, 0o600)
	m.WriteFile(servingFile+".d/files.conf", "[Service]\nLimitNOFILE=300\n", 0o644)
	m.Must(boot.AgentPath, "install", manifestPath, "--serve", "--interval", "1s")
	m.WriteFile("/usr/local/bin/crowd", crowd, 0o755)
	m.MustSh("systemd-run --quiet --unit=crowd --uid=nobody crowd; until test -e /tmp/crowded; do sleep 0.1; done; " + comesBack)
	m.MustSh("systemctl stop crowd; curl -sS --fail --retry 5 --retry-all-errors 127.0.0.1:9464/healthz; ! journalctl --unit=mnw-agent-serve | grep 'too many open files'")
}
