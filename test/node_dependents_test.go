package test

import (
	"strings"
	"testing"
)

// A service that depends on another goes down with it, though no manifest names
// it. When the run is taken back it runs again, whether the other one was stopped
// or did not come up.
func TestDependents(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`
cd /etc/systemd/system
printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n' >base.service
printf '[Unit]\nRequires=base.service\nAfter=base.service\n[Service]\nExecStart=/bin/sleep infinity\n' >app.service
printf '[Unit]\nBindsTo=app.service\nAfter=app.service\n[Service]\nExecStart=/bin/sleep infinity\n' >side.service
printf '[Unit]\nRequires=base.service\nAfter=base.service\n[Service]\nExecStart=/bin/sleep infinity\n' >idle.service
systemctl daemon-reload; systemctl start side`)
	for what, unit := range map[string]string{
		"does not come up": `{active: true, content: "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/false\n"}`,
		"is stopped":       `{active: false}`,
	} {
		manifest := "units: {base.service: " + unit + "}\n"
		if what == "is stopped" {
			manifest += "checks: {app: {unit: app.service, within: 100ms}}\n"
			if plan := run(m, manifest, "plan"); !strings.Contains(plan.Stdout, "systemd stops with it what depends on it: app.service, side.service") {
				t.Errorf("%s: the plan does not tell: %s", what, plan)
			}
		}
		if result := run(m, manifest, "apply"); result.Code != 3 {
			t.Fatalf("%s: %s", what, result)
		}
		m.MustSh("systemctl is-active base app side; ! systemctl is-active idle")
	}
}
