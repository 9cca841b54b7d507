package test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestGrafanaTwins holds that Grafana's rules are Prometheus' rules over again: of the
// same series, as long, as severe, and with the same words. That they fire for the
// same is tried on a real Prometheus, in TestGrafana.
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
		if theirs, ours := selected(expanded(t, a.Expr)), selected(twin.Data[0].Model.Expr); !slices.Equal(theirs, ours) {
			t.Errorf("%s looks at\n%q\nand in Grafana at\n%q", a.Alert, theirs, ours)
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

// inIntervals is a limit in intervals, which is a number in Grafana.
var inIntervals = regexp.MustCompile(`[\d.]+ \* mnw_agent:interval_seconds`)

// expanded is an expression with what it takes from recording rules in its place.
func expanded(t *testing.T, expr string) string {
	t.Helper()
	expr = inIntervals.ReplaceAllString(expr, "")
	for _, r := range rules(t) {
		if r.Record != "" {
			expr = strings.ReplaceAll(expr, r.Record, r.Expr)
		}
	}
	return expr
}

var selector = regexp.MustCompile(`\b(?:mnw_agent_|node_textfile_|up\b)\w*(?:\{[^}]*\})?(?:\[\w+\])?`)

// selected is the series that an expression looks at, in an order.
func selected(expr string) []string {
	all := selector.FindAllString(expr, -1)
	slices.Sort(all)
	return slices.Compact(all)
}
