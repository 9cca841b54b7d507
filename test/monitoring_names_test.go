package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
)

// exported is what the agent tells Prometheus: the labels of each metric, and of a
// label what it may say where that is known beforehand.
type exported map[string]map[string][]string

var described = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

// export asks the agent.
func export(t *testing.T) exported {
	t.Helper()
	now := time.Now()
	s := &agent.Status{
		Runs:     []agent.RunStatus{{Mode: agent.ModeApply, Success: &now}, {Mode: agent.ModePlan, Success: &now}},
		Counters: agent.Counters{Runs: map[agent.Mode]map[agent.Result]int{}},
	}
	all := exported{}
	descs := make(chan *prometheus.Desc, 100)
	metrics.Collector(s, metrics.Build{}).Describe(descs)
	close(descs)
	for desc := range descs {
		found := described.FindStringSubmatch(desc.String())
		if found == nil {
			t.Fatalf("what is this metric? %s", desc)
		}
		all[found[1]] = map[string][]string{}
		for _, label := range strings.FieldsFunc(found[2], func(r rune) bool { return r == ',' }) {
			all[found[1]][label] = nil
		}
	}
	families, err := metrics.Registry(s, metrics.Build{}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if v := label.GetValue(); v != "" {
					labels := all[family.GetName()]
					labels[label.GetName()] = append(labels[label.GetName()], v)
				}
			}
		}
	}
	return all
}

// onTargets is the labels that Prometheus adds.
var onTargets = []string{"instance", "group", "job"}

var (
	metricUse = regexp.MustCompile(`\b(mnw_agent_[a-z_]+)(?:\{([^}]*)\})?`)
	labelUse  = regexp.MustCompile(`(\w+) *(=~|!~|!=|=) *"([^"]*)"`)
)

// Rules, tests and texts speak of nothing but what the agent exports, with the
// labels that it has and what these may say: a rule with a misspelt name would
// never fire.
func TestMonitoringNames(t *testing.T) {
	t.Parallel()
	known := export(t)
	if len(known["mnw_agent_runs_total"]["result"]) < 2 || known["mnw_agent_check_success"] == nil {
		t.Fatalf("what does the agent export? %v", known)
	}
	used := 0
	err := filepath.WalkDir(monitoring, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		for _, use := range metricUse.FindAllStringSubmatch(string(text), -1) {
			used++
			for _, complaint := range known.misuse(use[1], use[2]) {
				t.Errorf("%s: %s: %s", name, use[0], complaint)
			}
		}
		return err
	})
	if err != nil || used < 100 {
		t.Errorf("%d metrics in the examples: %v", used, err)
	}
}

// misuse is what is wrong with a metric and what is asked of its labels.
func (e exported) misuse(metric, selectors string) []string {
	labels, ok := e[metric]
	if !ok {
		return []string{"the agent has no such metric"}
	}
	var complaints []string
	for _, s := range labelUse.FindAllStringSubmatch(selectors, -1) {
		values, ok := labels[s[1]]
		switch {
		case slices.Contains(onTargets, s[1]):
		case !ok:
			complaints = append(complaints, "it has no label "+s[1])
		case len(values) > 0 && s[2] == "=" && !slices.Contains(values, s[3]):
			complaints = append(complaints, s[1]+" is never "+s[3])
		}
	}
	return complaints
}
