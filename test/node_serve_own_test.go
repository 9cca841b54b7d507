package test

import (
	"strings"
	"testing"
)

// The agent may look after its own service: when that has changed it is restarted,
// once, as the last thing of the run, and is up and as declared after that.
func TestServeItself(t *testing.T) {
	t.Parallel()
	m := ready(t)
	manifest := func(mood string) string {
		unit := strings.ReplaceAll(serveUnit("--interval 1s --verbose")+"Environment=MOOD="+mood+"\n\n[Install]\nWantedBy=multi-user.target\n", "\n", "\\n")
		return "units: {serve.service: {enabled: true, active: true, content: \"" + unit + "\"}}\nfiles: {/srv/mood: {content: " + mood + "}}\n"
	}
	if by := run(m, manifest("calm"), "apply"); by.Code != 0 {
		t.Fatalf("by hand: %s", by)
	}
	started := func() int {
		return strings.Count(m.MustSh("journalctl --sync; journalctl --unit=serve"), "Started serve.service")
	}
	until(m, "test $(wc -l </root/runs) -ge 2")
	first := pid(m, "serve")
	for i, mood := range []string{"merry", "sad"} {
		m.WriteFile(manifestPath, "version: 1\n"+manifest(mood), 0o600)
		until(m, "systemctl is-active serve && grep -qz MOOD="+mood+" /proc/$(systemctl show --property=MainPID --value serve)/environ")
		now := pid(m, "serve")
		m.MustSh("n=$(wc -l </root/runs); until test $(wc -l </root/runs) -ge $((n + 3)); do sleep 0.1; done")
		if now == first || pid(m, "serve") != now || started() != i+2 {
			t.Errorf("%s: it was started %d times in all: process %s, then %s\n%s", mood, started(), now, pid(m, "serve"), m.MustSh("journalctl --output=short-precise --unit=serve"))
		}
		first = now
		if planned := m.Agent("plan", manifestPath); planned.Code != 0 || m.ReadFile("/srv/mood") != mood {
			t.Errorf("%s: it is not as declared: %s", mood, planned)
		}
	}
	for i, result := range results(t, m) {
		if result != "converged" && result != "changed" {
			t.Errorf("run %d ended %s", i, result)
		}
	}
	told := m.MustSh("journalctl --unit=serve")
	if strings.Contains(told, "Failed with result") || strings.Contains(told, "Watchdog") || property(m, "NRestarts") != "0" {
		t.Errorf("it did not go smoothly: %s", told)
	}
}
