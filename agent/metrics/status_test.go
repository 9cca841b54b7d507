package metrics_test

import (
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
	"github.com/makenotwork/mnw-agent/resources/node"
)

var build = metrics.Build{Version: "1.2.3", Revision: "0123abc", GoVersion: "go1.26.0"}

// hostile is a name that no type of resource takes, and that a label must.
const hostile = "/srv/\"quoted\"\\n\\\\ \n# HELP x {a=\"b\"} 1\tä😀\x00\x1b[31m"

func at(hour int) time.Time { return time.Date(2026, 11, 25, hour, 30, 15, 250e6, time.UTC) }

func pointer(t time.Time) *time.Time { return &t }

// full is a status that has everything.
func full() *agent.Status {
	return &agent.Status{
		Version:    1,
		InProgress: true,
		Manifests: []agent.ManifestStatus{
			{Path: "/etc/mnw/base.yaml", Digest: "aa11", Ran: at(3)},
			{Path: "/etc/mnw/app.yaml", Digest: "bb22", Ran: at(4), Held: &agent.Hold{Because: "free text"}},
		},
		Runs: []agent.RunStatus{
			{Mode: agent.ModeApply, Manifest: "/etc/mnw/app.yaml", Started: at(4), Ended: at(4), Seconds: 2.5, Result: agent.Held,
				Phases: []agent.Phase{{Name: "plan", Seconds: 0.25}, {Name: "judge", Seconds: 0.5}, {Name: "check", Seconds: 0.125}, {Name: "check", Seconds: 0.125}},
				Error:  "free text", Success: pointer(at(2))},
			{Mode: agent.ModePlan, Manifest: "/etc/mnw/base.yaml", Started: at(5), Ended: at(5), Seconds: 0.5, Result: agent.Differs},
			{Mode: agent.ModeRollback, Manifest: "/etc/mnw/app.yaml", Started: at(3), Ended: at(3), Result: agent.RolledBack},
		},
		Resources: []agent.ResourceStatus{
			{ID: "directory:/srv", Type: "directory", Name: "/srv", State: agent.StateConverged},
			{ID: "file:" + hostile, Type: "file", Name: hostile, State: agent.StateDrifted, Drifted: true, Since: pointer(at(1)), Why: "free text"},
			{ID: "file:/etc/motd", Type: "file", Name: "/etc/motd", State: agent.StatePending, Since: pointer(at(2))},
			{ID: "file:/etc/old", Type: "file", Name: "/etc/old", State: agent.StateOrphaned},
			{ID: "file:/etc/unseen", Type: "file", Name: "/etc/unseen", State: agent.StateUnknown},
			{ID: "run:caddy.service", Type: "run", Name: "caddy.service", State: agent.StateFailed},
			{ID: "sudoers:web", Type: "sudoers", Name: "web", State: agent.StateFighting, Drifted: true, Since: pointer(at(0)), Corrected: []time.Time{at(0), at(1)}},
		},
		Units: []agent.UnitStatus{
			{Unit: "caddy.service", Stale: []node.Stale{node.StaleManager, node.StaleLoads}},
			{Unit: "web.service"},
		},
		Checks: []agent.CheckStatus{
			{Check: "api", Asked: at(4), Since: pointer(at(4)), Error: "free text"},
			{Check: "ssh", Asked: at(4), Success: true},
		},
		Outage: &agent.LastOutage{Check: "api", Seconds: 1.75, At: at(4)},
		Counters: agent.Counters{
			Runs: map[agent.Mode]map[agent.Result]int{
				agent.ModeApply:    {agent.Converged: 1200, agent.Changed: 7, agent.Failed: 3, agent.Locked: 2, agent.RolledBack: 1, agent.Held: 4, agent.RollbackFailed: 1, agent.Differs: 5},
				agent.ModePlan:     {agent.Differs: 1},
				agent.ModeRollback: {agent.Changed: 9},
			},
			Changes: map[string]map[agent.Cause]int{
				"sudoers": {agent.Drift: 3, agent.Intended: 1},
				"run":     {agent.Intended: 2},
			},
			Rollbacks: map[agent.RollbackOutcome]int{agent.RollbackSucceeded: 1, agent.RollbackIncomplete: 1},
		},
		Notes: []string{"free text"},
	}
}
