package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// promAlert is an alerting rule of Prometheus.
type promAlert struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func promAlerts(t *testing.T) (alerts []promAlert) {
	t.Helper()
	names, err := filepath.Glob("../examples/monitoring/rules/*.rules.yml")
	if err != nil || len(names) == 0 {
		t.Fatal("no rules", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Groups []struct{ Rules []promAlert } }
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					alerts = append(alerts, r)
				}
			}
		}
	}
	return alerts
}

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
	for _, a := range promAlerts(t) {
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
