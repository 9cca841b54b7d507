package test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"
)

// TestGrafana asks a real Prometheus all that the dashboards and the alert rules
// ask, about nodes that have every kind of trouble.
func TestGrafana(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.variables()
	asked := f.panels()
	f.knows(asked)
	f.alerts()
}

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// variables asks for what can be chosen at the top of a dashboard.
func (f *fleet) variables() {
	f.t.Helper()
	for name, b := range boards(f.t) {
		for _, v := range b.Templating.List {
			if v.Type != "query" {
				continue
			}
			from := labelValues.FindStringSubmatch(v.Definition)
			if from == nil {
				f.t.Fatalf("%s: %s", name, v.Definition)
			}
			want := map[string]int{"group": 2, "instance": len(members) - 1}[v.Name]
			if got := f.values(from[2], fill(from[1], "")); len(got) != want {
				f.t.Errorf("%s: %s offers %v, want %d", name, v.Definition, got, want)
			}
		}
	}
}

// fill puts in place of variables what Grafana would, with All chosen where several
// nodes can be.
func fill(expr, instance string) string {
	return strings.NewReplacer("$group", ".*", `=~"$instance"`, `=~".*"`, "$instance", instance, "$__rate_interval", "1m", "$__range", "1h").Replace(expr)
}

// panels asks every query of the dashboards, and returns them.
func (f *fleet) panels() (asked string) {
	f.t.Helper()
	for name, b := range boards(f.t) {
		queries := map[string]target{}
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				queries[fmt.Sprintf("panel %q, query %s", p.Title, q.RefID)] = q
			}
		}
		for _, a := range b.Annotations.List[1:] { // the first is Grafana's own
			queries["annotation "+a.Name] = a
		}
		for where, q := range queries {
			asked += q.Expr + "\n"
			if !f.shows(q) {
				f.t.Errorf("%s: %s: no series: %s", name, where, q.Expr)
			}
		}
	}
	return asked
}

// shows says whether a query has an answer about all nodes, or about some one of
// them if it is about one.
func (f *fleet) shows(q target) bool {
	f.t.Helper()
	expr := strings.TrimSuffix(q.Expr, " or vector(0)") // which is an answer to everything
	return slices.ContainsFunc(members, func(who member) bool {
		filled := fill(expr, who.name)
		return q.Instant && len(f.ask(filled, time.Now())) > 0 || !q.Instant && len(f.graph(filled)) > 0
	})
}

// knows holds that the dashboards show all that the agent tells, and have a name or
// a colour for each of its results, states, phases and causes.
func (f *fleet) knows(asked string) {
	f.t.Helper()
	for _, family := range f.values("__name__", `{__name__=~"mnw_agent_.*"}`) {
		if !strings.Contains(asked, family+"{") {
			f.t.Errorf("no panel shows %s", family)
		}
	}
	var texts string
	for _, text := range grafanaFiles(f.t, "dashboards/*.json") {
		texts += string(text)
	}
	for family, label := range map[string]string{
		"mnw_agent_last_run_result": "result", "mnw_agent_runs_total": "result", "mnw_agent_resources": "state",
		"mnw_agent_last_run_duration_seconds": "phase", "mnw_agent_changes_total": "cause", "mnw_agent_rollbacks_total": "outcome",
	} {
		values := f.values(label, family)
		if len(values) < 2 {
			f.t.Errorf("%s of %s: %v", label, family, values)
		}
		for _, value := range values {
			if !strings.Contains(texts, `"`+value+`"`) {
				f.t.Errorf("the dashboards know no %s %q", label, value)
			}
		}
	}
}

// firesFor is which members each alert is to fire for.
var firesFor = map[string][]string{
	"MnwAgentAbsentEverywhere": {""}, // a day ago
	"MnwAgentAbsent":           {"broken"},
	"MnwAgentStale":            {"stale"},
	"MnwAgentTextfileBroken":   {"broken", "leftover"},
	"MnwAgentRunTooLong":       {"failing"},
	"MnwAgentFailing":          {"failing", "forgetful", "never-well"},
	"MnwAgentRolledBack":       {"rolled-back"},
	"MnwAgentRollbackFailed":   {"torn"},
	"MnwAgentHeld":             {"held"},
	"MnwAgentManifestsDiffer":  {""}, // of a group
	"MnwAgentCorrectedDrift":   {"failed-once", "failing", "fine", "held", "leftover", "never-well", "plans", "rolled-back", "stale", "torn"},
	"MnwAgentFighting":         {"held"},
	"MnwAgentDrift":            {"failing", "stale"},
	"MnwAgentTwinsDiffer":      {"torn"},
	"MnwAgentUnitStale":        {"failing"},
	"MnwAgentCheckFailing":     {"failing"},
}

// alerts holds that each of Grafana's rules fires for the same as Prometheus' rule
// of that name, and for whom it should.
func (f *fleet) alerts() {
	f.t.Helper()
	theirs := map[string]rule{}
	for _, r := range rules(f.t) {
		theirs[r.Alert] = r
	}
	for _, r := range grafanaRules(f.t) {
		at := time.Now()
		if r.Title == "MnwAgentAbsentEverywhere" {
			at = at.Add(-24 * time.Hour)
		}
		limit := r.Data[1].Model.Conditions[0].Evaluator
		over := slices.DeleteFunc(f.ask(r.Data[0].Model.Expr, at), func(s series) bool {
			return limit.Type == "gt" && s.number() <= limit.Params[0] || limit.Type == "lt" && s.number() >= limit.Params[0]
		})
		if got, want := labels(over), labels(f.ask(theirs[r.Title].Expr, at)); !slices.Equal(got, want) {
			f.t.Errorf("%s fires in Grafana for\n%q\nand in Prometheus for\n%q", r.Title, got, want)
		}
		who := map[string]bool{}
		for _, s := range over {
			who[s.Metric["instance"]] = true
			if text := r.says(f.t, s); !strings.Contains(text, s.Metric["instance"]) {
				f.t.Errorf("%s does not say where: %s", r.Title, text)
			}
		}
		if got := slices.Sorted(maps.Keys(who)); !slices.Equal(got, firesFor[r.Title]) {
			f.t.Errorf("%s fires for %q, want %q", r.Title, got, firesFor[r.Title])
		}
	}
}

// says is what a rule says of a series, as Grafana expands its templates.
func (r alertRule) says(t *testing.T, s series) string {
	t.Helper()
	type value struct{ Value float64 }
	data := struct {
		Labels map[string]string
		Values map[string]value
	}{s.Metric, map[string]value{"A": {s.number()}}}
	functions := template.FuncMap{"humanizeDuration": func(seconds float64) string { return fmt.Sprint(time.Duration(seconds) * time.Second) }}
	var text strings.Builder
	for _, annotation := range r.Annotations {
		parsed, err := template.New(r.Title).Option("missingkey=error").Funcs(functions).Parse(annotation)
		if err == nil {
			err = parsed.Execute(&text, data)
		}
		if err != nil {
			t.Errorf("%s: %v", r.Title, err)
		}
	}
	return text.String()
}
