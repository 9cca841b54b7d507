package metrics

import (
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file fills the families. Where what a label can say is known beforehand,
// all of it is there from the first time on: a counter that is not there before it
// is 1 has not risen, to Prometheus.

// modes are what runs are told of. A roll-back by hand is told by rollbacks_total.
var modes = []agent.Mode{agent.ModeApply, agent.ModePlan}

// results are the results of runs, and what they are called here.
var results = []struct {
	result agent.Result
	label  string
}{
	{agent.Converged, "converged"},
	{agent.Changed, "changed"},
	{agent.Differs, "drifted"},
	{agent.Failed, "failed"},
	{agent.RolledBack, "rolled_back"},
	{agent.RollbackFailed, "rollback_failed"},
	{agent.Held, "held"},
}

// locked is a run that another one kept from being made: it is counted, and the
// last run is the other one.
const locked = "locked"

// phases are the phases of runs; between is what lies between them: to load the
// manifest, to wait for the lock, to keep the report.
var phases = []string{"plan", "judge", "check", "commit", "gate", "rollback", "prove"}

const between = "other"

// types are the types of resources, with the runs of units, which no manifest
// names.
var types = func() []string {
	names := []string{"run"}
	for _, t := range resources.All {
		names = append(names, t.Name)
	}
	return names
}()

// known says whether the state directory could be read: somebody has counted then.
// Else 0 would be worse than nothing. A counter that comes back from 0 looks as if
// it had risen, and it is drift that is counted.
func (s source) known() bool {
	c := s.Counters
	return c.Runs != nil || c.Changes != nil || c.Rollbacks != nil
}

func (s source) buildInfo(put put) {
	put(1, s.build.Version, s.build.Revision, s.build.GoVersion)
}

func (s source) manifestInfo(put put) {
	for _, m := range s.Manifests {
		put(1, m.Path, m.Digest)
	}
}

// lastRuns is the last run of each mode that had one.
func (s source) lastRuns() []agent.RunStatus {
	return slices.DeleteFunc(slices.Clone(s.Runs), func(r agent.RunStatus) bool { return !slices.Contains(modes, r.Mode) })
}

func (s source) lastRun(put put) {
	for _, r := range s.lastRuns() {
		put(seconds(r.Ended), string(r.Mode))
	}
}

func (s source) lastSuccess(put put) {
	for _, r := range s.lastRuns() {
		if r.Success != nil {
			put(seconds(*r.Success), string(r.Mode))
		}
	}
}

func (s source) durations(put put) {
	for _, r := range s.lastRuns() {
		took, rest := map[string]float64{}, r.Seconds
		for _, p := range r.Phases {
			took[p.Name] += p.Seconds
			rest -= p.Seconds
		}
		for _, name := range phases {
			put(took[name], string(r.Mode), name)
		}
		put(max(rest, 0), string(r.Mode), between)
	}
}

func (s source) result(put put) {
	for _, run := range s.lastRuns() {
		for _, r := range results {
			put(truth(run.Result == r.result), string(run.Mode), r.label)
		}
	}
}

func (s source) resources(put put) {
	if !s.known() {
		return
	}
	count := map[string]map[agent.ResourceState]int{}
	for _, t := range types {
		count[t] = map[agent.ResourceState]int{}
	}
	for _, r := range s.Resources {
		if count[r.Type] != nil {
			count[r.Type][r.State]++
		}
	}
	for _, t := range types {
		for _, state := range agent.ResourceStates {
			put(float64(count[t][state]), t, string(state))
		}
	}
}

func (s source) drifted(put put) {
	for _, r := range s.Resources {
		put(truth(r.Drifted), r.Type, r.Name)
	}
}

func (s source) driftSince(put put) {
	for _, r := range s.Resources {
		if r.Drifted && r.Since != nil {
			put(seconds(*r.Since), r.Type, r.Name)
		}
	}
}

func (s source) stale(put put) {
	for _, u := range s.Units {
		for _, cause := range node.Stales {
			put(truth(slices.Contains(u.Stale, cause)), u.Unit, string(cause))
		}
	}
}

func (s source) checks(put put) {
	for _, c := range s.Checks {
		put(truth(c.Success), c.Check)
	}
}

func (s source) outage(put put) {
	switch {
	case s.Outage != nil:
		put(s.Outage.Seconds)
	case s.known():
		put(0)
	}
}

func (s source) inProgress(put put) { put(truth(s.InProgress)) }

func (s source) runs(put put) {
	if !s.known() {
		return
	}
	for _, mode := range modes {
		for _, r := range results {
			put(float64(s.Counters.Runs[mode][r.result]), string(mode), r.label)
		}
		put(float64(s.Counters.Runs[mode][agent.Locked]), string(mode), locked)
	}
}

func (s source) changes(put put) {
	if !s.known() {
		return
	}
	for _, t := range types {
		for _, cause := range []agent.Cause{agent.Drift, agent.Intended} {
			put(float64(s.Counters.Changes[t][cause]), t, string(cause))
		}
	}
}

func (s source) rollbacks(put put) {
	if !s.known() {
		return
	}
	for _, outcome := range []agent.RollbackOutcome{agent.RollbackSucceeded, agent.RollbackIncomplete} {
		put(float64(s.Counters.Rollbacks[outcome]), string(outcome))
	}
}

// seconds is a time as Prometheus has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
