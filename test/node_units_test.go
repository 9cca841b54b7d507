package test

import (
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/test/boot"
)

const lifeService = `content: "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n", settle: 100ms`

// life is what a unit is declared as, step by step, and what systemd then says
// of it: whether it is loaded, runs, and starts with the node.
var life = []struct{ declared, loaded, active, enabled string }{
	{lifeService + ", enabled: false, active: false", "loaded", "inactive", "disabled"},
	{lifeService + ", enabled: true, active: true", "loaded", "active", "enabled"},
	{lifeService + `, enabled: true, dropins: {nice: {content: "[Service]\nNice=7\n"}}`, "loaded", "active", "enabled"},
	{"enabled: false", "loaded", "active", "disabled"},
	{"active: false", "loaded", "inactive", "disabled"},
	{"enabled: true, active: true", "loaded", "active", "enabled"},
	{"state: absent", "not-found", "inactive", ""},
	{"masked: true", "masked", "inactive", "masked"},
	{"masked: false", "not-found", "inactive", ""},
}

// Whatever a unit is declared as, it is so after one apply, and the next one
// finds nothing to do.
func TestUnitLife(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	for _, step := range life {
		manifest := "units:\n  life.service: {" + step.declared + "}\n"
		if result := run(m, manifest, "apply"); result.Code != 0 {
			t.Fatalf("%s: %s", step.declared, result)
		}
		got := m.MustSh(`systemctl show --property=LoadState --value life; systemctl is-active life || :; systemctl is-enabled life 2>/dev/null || :`)
		if want := strings.TrimSpace(step.loaded + "\n" + step.active + "\n" + step.enabled); got != want {
			t.Errorf("%s: it is %q, want %q", step.declared, got, want)
		}
		if again := run(m, manifest, "apply"); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
			t.Errorf("%s: applied again: %s", step.declared, again)
		}
		if step.active == "active" && strings.Contains(step.declared, "Nice=7") {
			if nice := m.Must("systemctl", "show", "--property=Nice", "--value", "life.service"); nice != "7" {
				t.Errorf("it runs with Nice=%s", nice)
			}
		}
	}
	if left := m.MustSh("ls -d /etc/systemd/system/life* /etc/systemd/system/*/life* 2>/dev/null || :"); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// The agent may run in a unit that it has to restart: that comes last, and the
// rest of the manifest is not lost.
func TestOwnUnit(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const unit = "[Service]\nExecStart=/bin/sh -c '" + boot.AgentPath + " apply " + manifestPath + "; echo $? >>/root/exits; exec sleep infinity'\n"
	m.WriteFile("/etc/systemd/system/self.service", unit, 0o644)
	m.WriteFile(manifestPath, `version: 1
units:
  self.service: {dropins: {nice: {content: "[Service]\nNice=5\n"}}, active: true}
  zzz.service: {`+lifeService+`, active: true}
files: {/srv/zzz: {content: x, after: [unit:zzz.service]}}
`, 0o600)
	m.MustSh("systemctl daemon-reload; systemctl start self")
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if strings.HasSuffix(m.Sh("cat /root/exits").Stdout, "0\n") && m.Must("systemctl", "show", "--property=Nice", "--value", "self") == "5" {
			break
		}
	}
	m.MustSh(`test -e /srv/zzz; systemctl is-active zzz self; test "$(ps -o ni= -p $(systemctl show -P MainPID self))" -eq 5`)
	if result := m.Agent("apply", manifestPath); result.Code != 0 || !strings.Contains(result.Stdout, "all as declared") {
		t.Error(result)
	}
	if starts := m.MustSh("journalctl --output=cat --unit=self | grep -c ^Started"); starts != "2" {
		t.Errorf("it was started %s times, want twice", starts)
	}
}

// Units that go after each other are all forgotten by systemd in one run, though
// another one still names them.
func TestUnitsGoInOrder(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/etc/systemd/system/c.service", "[Unit]\nWants=a.service\n[Service]\nExecStart=/bin/sleep infinity\n", 0o644)
	m.Must("systemctl", "start", "c")
	const unit = `{content: "[Service]\nExecStart=/bin/sleep infinity\n", active: true, settle: 50ms}`
	if result := run(m, "units: {a.service: "+unit+", b.service: "+unit+"}\n", "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	gone := run(m, "units: {a.service: {state: absent, after: [\"unit:b.service\"]}, b.service: {state: absent}}\n", "apply")
	if gone.Code != 0 {
		t.Error(gone)
	}
	if left := m.MustSh("systemctl show -P LoadState a b"); left != "not-found\n\nnot-found" {
		t.Errorf("systemd knows: %s", left)
	}
}
