package agent

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// This file is what a run leaves in the memory about itself: how it ended, what its
// checks said, and the counters.

// ended keeps how a run ended, and counts.
func (m *memory) ended(r *Report, now time.Time) {
	status := RunStatus{
		Mode: r.Mode, Manifest: whole(r.Manifest), Started: r.Started.UTC(), Ended: now, Seconds: r.Seconds, Phases: append([]Phase{}, r.Phases...), Result: r.Result,
		Success: m.Runs[r.Mode].Success,
	}
	if r.Result == Converged || r.Result == Changed || r.Mode == ModePlan && r.Result == Differs {
		status.Success = &now
	}
	m.Runs[r.Mode] = status
	m.Counters.run(r.Mode, r.Result)
	for _, back := range []*RollbackReport{r.Recovered, r.Rollback} {
		m.Counters.rollback(back)
	}
	for _, c := range r.Checks {
		m.check(c, status.Manifest, now)
	}
	m.outage(r.Checks, now)
}

// run counts a run.
func (c *Counters) run(mode Mode, result Result) {
	if c.Runs[mode] == nil {
		c.Runs[mode] = map[Result]int{}
	}
	c.Runs[mode][result]++
}

// rollback counts a roll-back, if there was one.
func (c *Counters) rollback(back *RollbackReport) {
	switch {
	case back == nil || back.Run == 0 && !back.Failed:
	case back.Failed:
		c.Rollbacks[RollbackIncomplete]++
	default:
		c.Rollbacks[RollbackSucceeded]++
	}
}

// check keeps what came of a check.
func (m *memory) check(c CheckReport, manifest string, now time.Time) {
	status := CheckStatus{Check: c.Check, Manifest: manifest, Asked: now, Success: c.After, Error: c.Error}
	if !c.After {
		status.Since = &now
		if before, ok := m.Checks[c.Check]; ok && before.Since != nil && !before.Since.After(now) {
			status.Since = before.Since
		}
	}
	m.Checks[c.Check] = status
}

// outage keeps the longest outage of a run, if there was one.
func (m *memory) outage(checks []CheckReport, now time.Time) {
	var longest *LastOutage
	for _, c := range checks {
		if c.Outage != nil && (longest == nil || c.Outage.Seconds > longest.Seconds) {
			longest = &LastOutage{Check: c.Check, Seconds: c.Outage.Seconds, At: now}
		}
	}
	if longest != nil {
		m.Outage = longest
	}
}

// change counts changes that were made to one resource.
func (c *Counters) change(s *step, n int) {
	if s.cause == "" {
		return
	}
	if c.Changes[s.id.Type] == nil {
		c.Changes[s.id.Type] = map[Cause]int{}
	}
	c.Changes[s.id.Type][s.cause] += n
}

// Missed remembers a run that could not begin: another one held the lock, or its
// manifest cannot be read.
func Missed(o Options, mode Mode, manifest string, err error) error {
	o = o.withDefaults()
	if err := privateDir(o.StateDir); err != nil {
		return err
	}
	return o.update(nil, func(m *memory) error {
		if errors.Is(err, ErrLocked) {
			m.Counters.run(mode, Locked)
			return nil
		}
		now := time.Now().UTC()
		m.Runs[mode] = RunStatus{
			Mode: mode, Manifest: whole(manifest), Started: now, Ended: now, Phases: []Phase{}, Result: Failed, Error: err.Error(), Success: m.Runs[mode].Success,
		}
		m.Counters.run(mode, Failed)
		return nil
	})
}

// dropChecks forgets the checks that have left a manifest.
func (m *memory) dropChecks(r *run) {
	path := whole(r.manifest.Path)
	maps.DeleteFunc(m.Checks, func(name string, c CheckStatus) bool {
		return c.Manifest == path && !slices.ContainsFunc(r.steps, func(s *step) bool { return s.id.Name == name && probes(s.resource) })
	})
}
