package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

const staleService = `
env_files:
  /etc/stale.env: {set: {PORT: 3000}}
units:
  stale.service:
    active: true
    settle: 100ms
    content: |
      [Service]
      EnvironmentFile=/etc/stale.env
      ExecStart=/bin/sleep infinity
`

// staleness is what is done to the files of a running service, and the reason
// for which apply then restarts it; "" when it must not.
var staleness = []struct{ what, script, why string }{
	{"a key is added by hand", `echo MORE=1 >>/etc/stale.env`, "it runs with an older /etc/stale.env"},
	{"the file is chmodded", `chmod 0600 /etc/stale.env`, ""},
	{"a time stamp in the future, with a change", `echo MORE=2 >>/etc/stale.env; touch -d '+1 year' /etc/stale.env`, "it runs with an older /etc/stale.env"},
	{"a drop-in", `mkdir /etc/systemd/system/stale.service.d; printf '[Service]\nNice=3\n' >/etc/systemd/system/stale.service.d/nice.conf`,
		"it runs with an older /etc/systemd/system/stale.service.d"},
	{"a drop-in goes", `rm /etc/systemd/system/stale.service.d/nice.conf`, "it runs with an older /etc/systemd/system/stale.service.d"},
	{"an older file with another value", `sed s/3000/4000/ /etc/stale.env >/etc/stale.new; touch -d '-1 year' /etc/stale.new; mv /etc/stale.new /etc/stale.env`,
		"it runs with an older /etc/stale.env"},
	{"an older file with the same values", `cp /etc/stale.env /etc/stale.new; touch -d '-1 year' /etc/stale.new; mv /etc/stale.new /etc/stale.env`, ""},
	{"an older file with another foreign value", `sed 's/MORE=2/MORE=7/' /etc/stale.env >/etc/stale.new; touch -d '-1 year' /etc/stale.new; mv /etc/stale.new /etc/stale.env`,
		"it runs with another MORE than stands in /etc/stale.env"},
	{"another drop-in", `printf '[Service]\nNice=4\n' >/etc/systemd/system/stale.service.d/nice.conf`, "it runs with an older /etc/systemd/system/stale.service.d"},
	{"a drop-in goes, and its directory", `rm -r /etc/systemd/system/stale.service.d`, "it runs with /etc/systemd/system/stale.service.d/nice.conf, which is gone"},
	{"it was restarted by hand since", `echo MORE=9 >>/etc/stale.env; sleep 0.1; systemctl restart stale`, ""},
	{"systemd was reloaded by hand", `systemctl daemon-reload`, ""},
}

// A service that runs with something older than what is on disk, whoever changed
// it, is restarted once.
func TestStale(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	if result := run(m, staleService, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	for _, c := range staleness {
		t.Run(c.what, func(t *testing.T) {
			m := m.For(t)
			m.MustSh(c.script)
			before := pid(m, "stale")
			planned := run(m, staleService, "plan")
			applied := run(m, staleService, "apply")
			if applied.Code != 0 {
				t.Error(applied)
			}
			after := pid(m, "stale")
			if restarted := after != before; restarted != (c.why != "") {
				t.Errorf("restarted: %t: %s", restarted, applied)
			}
			if c.why != "" && (planned.Code != 2 || !strings.Contains(planned.Stdout, c.why)) {
				t.Errorf("plan does not say %q: %s", c.why, planned)
			}
			again := run(m, staleService, "apply")
			if pid(m, "stale") != after || !strings.Contains(again.Stdout, "all as declared") {
				t.Errorf("applied again: %s", again)
			}
		})
	}
}

// A run that dies between writing a file and restarting its reader leaves a
// difference, which the next run sees.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	if result := run(m, staleService, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	before := pid(m, "stale")
	changed := strings.Replace(staleService, "3000", "5000", 1)
	m.WriteFile(manifestPath, "version: 1\n"+changed, 0o600)
	// The new file is in place when its time is set.
	killed := m.Run("strace", "--follow-forks", "--output=/dev/null", "--trace=utimensat",
		"--inject=utimensat:signal=KILL:when=1", "--", boot.AgentPath, "apply", manifestPath)
	if killed.Code != 128+9 {
		t.Fatalf("not killed: %s", killed)
	}
	if text := m.ReadFile("/etc/stale.env"); text != "PORT=5000\n" {
		t.Fatalf("killed before the file was written: %s", text)
	}
	if pid(m, "stale") != before {
		t.Fatal("killed after the restart")
	}
	result := m.Agent("apply", manifestPath)
	if result.Code != 0 || !strings.Contains(result.Stdout, "restart stale.service: it runs with an older /etc/stale.env") {
		t.Error(result)
	}
	if pid(m, "stale") == before {
		t.Error("the restart is lost")
	}
}
