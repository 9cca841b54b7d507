package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// A series is what Prometheus answers with: its labels, and its value in an answer
// for a moment.
type series struct {
	Metric map[string]string
	Value  [2]any
	Values [][2]any
}

func (s series) number() float64 {
	text, _ := s.Value[1].(string)
	number, _ := strconv.ParseFloat(text, 64)
	return number
}

// ask is a query's answer for a moment.
func (f *fleet) ask(query string, at time.Time) []series {
	f.t.Helper()
	return f.answer("query", "query="+query, fmt.Sprintf("time=%d", at.Unix()))
}

// graph is a query's answer for the last minute.
func (f *fleet) graph(query string) []series {
	f.t.Helper()
	now := time.Now().Unix()
	return f.answer("query_range", "query="+query, fmt.Sprintf("start=%d", now-60), fmt.Sprintf("end=%d", now), "step=5")
}

func (f *fleet) answer(api string, params ...string) []series {
	f.t.Helper()
	argv := f.curl(api)
	for _, p := range params {
		argv = append(argv, "--data-urlencode", p)
	}
	var answer struct{ Data struct{ Result []series } }
	result := f.Run(argv...)
	if err := json.Unmarshal([]byte(result.Stdout), &answer); err != nil || result.Code != 0 {
		f.t.Fatalf("%v: %s: %s", err, params[0], result)
	}
	return answer.Data.Result
}

// values is what a label of the agent's own metrics can be.
func (f *fleet) values(label, match string) []string {
	f.t.Helper()
	var answer struct{ Data []string }
	text := f.Must(append(f.curl("label/"+label+"/values"), "--data-urlencode", "match[]="+match)...)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		f.t.Fatal(err)
	}
	return answer.Data
}

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

// fill puts in place of variables what Grafana would.
func fill(expr, instance string) string {
	if instance == "" {
		instance = ".*"
	}
	return strings.NewReplacer("$group", ".*", "$instance", instance, "$__rate_interval", "1m", "$__range", "1h").Replace(expr)
}

// panels asks every query of the dashboards, and returns them. What a panel shows of
// one node it must show of some.
func (f *fleet) panels() (asked string) {
	f.t.Helper()
	for name, b := range boards(f.t) {
		one := b.UID == "mnw-agent-node"
		ask := func(where string, q target) {
			asked += q.Expr + "\n"
			expr := strings.TrimSuffix(q.Expr, " or vector(0)") // which is an answer to everything
			for _, who := range members {
				instance := ""
				if one {
					instance = who.name
				}
				if q.Instant && len(f.ask(fill(expr, instance), time.Now())) > 0 || !q.Instant && len(f.graph(fill(expr, instance))) > 0 {
					return
				}
				if !one {
					break
				}
			}
			f.t.Errorf("%s: %s: no series: %s", name, where, q.Expr)
		}
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				ask(fmt.Sprintf("panel %q, query %s", p.Title, q.RefID), q)
			}
		}
		for _, a := range b.Annotations.List[1:] { // the first is Grafana's own
			ask("annotation "+a.Name, a)
		}
	}
	return asked
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
	for label, family := range map[string]string{"result": "mnw_agent_last_run_result", "state": "mnw_agent_resources", "phase": "mnw_agent_last_run_duration_seconds", "cause": "mnw_agent_changes_total", "outcome": "mnw_agent_rollbacks_total"} {
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

// fires is which members each alert is to fire for.
var fires = map[string][]string{
	"MnwAgentAbsentEverywhere": {""}, // a day ago
	"MnwAgentAbsent":           {"broken"},
	"MnwAgentStale":            {"stale"},
	"MnwAgentTextfileBroken":   {"broken", "leftover"},
	"MnwAgentRunTooLong":       {"failing"},
	"MnwAgentFailing":          {"failing", "never-well"},
	"MnwAgentRolledBack":       {"rolled-back"},
	"MnwAgentRollbackFailed":   {"torn"},
	"MnwAgentHeld":             {"held"},
	"MnwAgentManifestsDiffer":  {""}, // of a group
	"MnwAgentCorrectedDrift":   {"failed-once", "failing", "fine", "held", "leftover", "never-well", "plans", "rolled-back", "stale", "torn"},
	"MnwAgentFighting":         {"held"},
	"MnwAgentDrift":            {"failing", "stale"},
	"MnwAgentUnitStale":        {"failing"},
	"MnwAgentCheckFailing":     {"failing"},
}

// alerts holds that each of Grafana's rules fires for the same as Prometheus' rule
// of that name, and for whom it should.
func (f *fleet) alerts() {
	f.t.Helper()
	theirs := map[string]promAlert{}
	for _, a := range promAlerts(f.t) {
		theirs[a.Alert] = a
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
		}
		if got := slices.Sorted(maps.Keys(who)); !slices.Equal(got, fires[r.Title]) {
			f.t.Errorf("%s fires for %q, want %q", r.Title, got, fires[r.Title])
		}
	}
}

// labels is the labels of series, in an order.
func labels(all []series) (texts []string) {
	for _, s := range all {
		delete(s.Metric, "__name__")
		text, _ := yaml.Marshal(s.Metric)
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	return texts
}
