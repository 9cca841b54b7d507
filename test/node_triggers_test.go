package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A socket is started before its service, for systemd starts none of a service that runs
// already, and stopped before it, or the service may be started again at once: in an
// ordinary run, in one that stops both for something else, and on the way back.
func TestTriggersFirst(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.InstallAgent()
	agent := func(verb, manifest, up string) {
		t.Helper()
		m.WriteFile(manifestPath, "version: 1\n"+manifest, 0o600)
		args := []string{verb, "--retry-held", manifestPath}
		if verb == "rollback" {
			args = args[:1]
		}
		if result := m.Agent(args...); result.Code != 0 {
			t.Fatalf("%s: %s", verb, result)
		}
		if is := strings.Fields(m.Sh("systemctl is-active foo.socket foo.service").Stdout); strings.Join(is, " ") != up+" "+up {
			t.Errorf("%s: the socket and the service are %s, want %s", verb, is, up)
		}
	}
	const both = `
units:
  foo.service: {active: %t, settle: 50ms, content: "[Service]\nExecStart=/usr/bin/sleep infinity\n"}
  foo.socket: {active: %t, content: "[Socket]\nListenStream=127.0.0.1:7777\n"}
`
	agent("apply", strings.ReplaceAll(both, "%t", "true"), "active")
	agent("apply", strings.ReplaceAll(both, "%t", "false"), "inactive")
	agent("rollback", "", "active")
	agent("rollback", "", "inactive")

	for _, requires := range []string{"", `[Unit]\nRequires=foo.socket\n`} {
		m.MustSh(`
mkdir -p /srv/d; echo old >/srv/d/state
printf '` + requires + `[Service]\nExecStart=/usr/bin/sleep infinity\n' >/etc/systemd/system/foo.service
printf '[Socket]\nListenStream=127.0.0.1:7777\n' >/etc/systemd/system/foo.socket
systemctl daemon-reload; systemctl start foo.socket foo.service`)
		const windows = `
files: {/srv/d/state: {content: "new\n"}}
units:
  foo.service: {needs_stop: ["file:/srv/d/state"], settle: 50ms}
  foo.socket: {needs_stop: ["file:/srv/d/state"]}
`
		agent("apply", windows, "active")
		agent("rollback", "", "active")
		if state := m.MustSh("cat /srv/d/state; systemctl stop foo.socket foo.service"); state != "old" {
			t.Errorf("taken back, the state is %s", state)
		}
	}
}
