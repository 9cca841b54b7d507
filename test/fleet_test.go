package test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// A fleet is nodes that have every kind of trouble: what the agent would write on
// each, as the agent writes it, answered with by a real node_exporter each, and
// asked by a real Prometheus that has the rules of the examples.
type fleet struct {
	*boot.Machine
	t     *testing.T
	began time.Time
}

// member is one node of a fleet.
type member struct {
	name, group string
	status      func(s *agent.Status, ago func(seconds int) time.Time)
}

// members are just below and just above the limits of the rules, for an agent
// that runs every 300 seconds. What rises by 1 later is in their counters.
var members = []member{
	{"fine", "web", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.Converged, ago(700), ago(700))
		drifted(s, agent.StateDrifted, ago(400))
	}},
	{"stale", "web", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.Changed, ago(1000), ago(1000))
		drifted(s, agent.StateDrifted, ago(700))
		s.Manifests[0].Digest = "another"
	}},
	{"failing", "db", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.Failed, ago(100), ago(560))
		drifted(s, agent.StateDrifted, ago(100000))
		s.InProgress = true
		s.Units[0].Stale = []node.Stale{node.StaleUnit, node.StaleReads}
		s.Checks[0].Success = false
	}},
	{"failed-once", "db", func(s *agent.Status, ago func(int) time.Time) { ended(s, agent.Failed, ago(100), ago(540)) }},
	{"never-well", "db", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.Failed, ago(100), time.Time{})
		s.Counters.Runs[agent.ModeApply][agent.Failed] = 2
	}},
	{"forgetful", "db", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.Failed, ago(100), time.Time{})
		s.Counters = agent.Counters{} // of a state that cannot be read
	}},
	{"rolled-back", "db", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.RolledBack, ago(100), ago(100))
		s.Outage = &agent.LastOutage{Check: "api", Seconds: 42, At: ago(100)}
	}},
	{"torn", "db", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.RollbackFailed, ago(100), ago(100))
		drifted(s, agent.StateDrifted, ago(700))
		s.Resources[len(s.Resources)-1].Type = "retired"
	}},
	{"held", "db", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.Held, ago(100), ago(400))
		s.Manifests[0].Held = &agent.Hold{Run: 1}
		drifted(s, agent.StateFighting, ago(300))
	}},
	{"plans", "", func(s *agent.Status, ago func(int) time.Time) {
		ended(s, agent.Differs, ago(100), ago(100))
		s.Runs[0].Mode = agent.ModePlan
	}},
	{"leftover", "db", func(s *agent.Status, ago func(int) time.Time) { ended(s, agent.Converged, ago(100), ago(100)) }},
	{"broken", "db", nil}, // its file is none
}

func ended(s *agent.Status, result agent.Result, at, success time.Time) {
	run := agent.RunStatus{Mode: agent.ModeApply, Ended: at, Seconds: 3, Result: result, Phases: []agent.Phase{{Name: "plan", Seconds: 1}, {Name: "judge", Seconds: 1.5}}}
	if !success.IsZero() {
		run.Success = &success
	}
	s.Runs = []agent.RunStatus{run}
}

func drifted(s *agent.Status, state agent.ResourceState, since time.Time) {
	s.Resources = append(s.Resources, agent.ResourceStatus{Type: "file", Name: "/etc/motd", State: state, Drifted: true, Since: &since})
}

// newFleet boots the machine on which the fleet runs, and returns when Prometheus
// has seen every counter before and after it rose.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{boot.Node(t, boot.Monitoring()), t, time.Now()}
	targets := ""
	for i, who := range members {
		f.MustSh("mkdir -p /srv/" + who.name)
		f.write(who, 0)
		port := fmt.Sprint(9200 + i)
		f.Must("systemd-run", "--quiet", "--unit=exporter-"+who.name, "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
			"--collector.textfile.directory=/srv/"+who.name, "--web.listen-address=127.0.0.1:"+port)
		labels := "instance: " + who.name
		if who.group != "" {
			labels += ", group: " + who.group
		}
		targets += fmt.Sprintf("      - {targets: ['127.0.0.1:%s'], labels: {%s}}\n", port, labels)
	}
	f.Put("../examples/monitoring/rules", "/etc/prometheus/rules")
	f.WriteFile("/etc/prometheus/prometheus.yml", "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules/*.rules.yml]\n"+
		"scrape_configs:\n  - job_name: node\n    static_configs:\n"+targets, 0o644)
	f.Must("systemctl", "start", "prometheus")
	told := len(members) - 1
	f.until(fmt.Sprintf("count(mnw_agent:interval_seconds) == %d and count(count_over_time(mnw_agent_build_info[1m]) >= 2) == %[1]d", told))
	for _, who := range members {
		f.write(who, 1)
	}
	f.MustSh("touch --date=-20min /srv/leftover/mnw-agent.prom")
	f.until(fmt.Sprintf(`count(increase(mnw_agent_changes_total{cause="drift",type="file"}[1m]) > 0) == %d and on () node_textfile_mtime_seconds{instance="leftover"} < time() - 1000`, told-1)) // one counts nothing
	return f
}

// write puts the metrics of a member in place, with its counters risen so often.
func (f *fleet) write(who member, risen int) {
	f.t.Helper()
	const name = "mnw-agent.prom"
	if who.status == nil {
		f.WriteFile("/srv/"+who.name+"/"+name, "this is no metric\n", 0o644)
		return
	}
	s := &agent.Status{
		Manifests: []agent.ManifestStatus{{Path: "/etc/mnw/base.yaml", Digest: "0123456789abcdef"}},
		Resources: []agent.ResourceStatus{{Type: "directory", Name: "/srv", State: agent.StateConverged}},
		Units:     []agent.UnitStatus{{Unit: "web.service"}},
		Checks:    []agent.CheckStatus{{Check: "api", Success: true}},
		Counters: agent.Counters{
			Runs:      map[agent.Mode]map[agent.Result]int{agent.ModeApply: {agent.Converged: risen}},
			Changes:   map[string]map[agent.Cause]int{"file": {agent.Drift: risen, agent.Intended: risen}},
			Rollbacks: map[agent.RollbackOutcome]int{},
		},
	}
	who.status(s, func(seconds int) time.Time { return f.began.Add(-time.Duration(seconds) * time.Second) })
	switch s.Runs[0].Result {
	case agent.RolledBack:
		s.Counters.Rollbacks[agent.RollbackSucceeded] = risen
	case agent.RollbackFailed:
		s.Counters.Rollbacks[agent.RollbackIncomplete] = risen
	}
	path := filepath.Join(f.t.TempDir(), name)
	if err := metrics.WriteFile(path, s, metrics.Build{Version: "1.2.3", Revision: "0123abc", GoVersion: "go1.26.0"}); err != nil {
		f.t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		f.t.Fatal(err)
	}
	f.WriteFile("/srv/"+who.name+"/"+name, string(text), 0o644)
}
