package test

import (
	"strings"
	"testing"
)

// TestGrafanaTwins holds that Grafana's rules are Prometheus' rules over again: as
// long, as severe, and with the same words. That they fire for the same is tried on
// a real Prometheus, in TestGrafana.
func TestGrafanaTwins(t *testing.T) {
	t.Parallel()
	twins := map[string]alertRule{}
	for _, r := range grafanaRules(t) {
		twins[r.Title] = r
	}
	inGrafana := strings.NewReplacer("$labels.", ".Labels.", "$value", ".Values.A.Value")
	for _, a := range rules(t) {
		if a.Alert == "" {
			continue
		}
		twin, ok := twins[a.Alert]
		if !ok {
			t.Errorf("Grafana has no %s", a.Alert)
			continue
		}
		delete(twins, a.Alert)
		if a.For == "" {
			a.For = "0s"
		}
		if twin.For != a.For || twin.Labels["severity"] != a.Labels["severity"] {
			t.Errorf("%s: for %s, severity %s; in Grafana for %s, severity %s", a.Alert, a.For, a.Labels["severity"], twin.For, twin.Labels["severity"])
		}
		for name, text := range a.Annotations {
			if want := strings.TrimSpace(inGrafana.Replace(text)); strings.TrimSpace(twin.Annotations[name]) != want {
				t.Errorf("%s: %s:\n%s\nin Grafana:\n%s", a.Alert, name, want, twin.Annotations[name])
			}
		}
	}
	for title := range twins {
		t.Errorf("Prometheus has no %s", title)
	}
}
