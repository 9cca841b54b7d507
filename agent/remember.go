package agent

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
)

// This file is what a run leaves in the memory.

// remember keeps what came of a run: how it ended, and what it knows now of each
// resource.
func (r *run) remember() error {
	return r.options.update(r.memory, func(m *memory) error {
		now := time.Now().UTC()
		m.ended(r.report, now)
		path := whole(r.manifest.Path)
		one := m.manifest(path)
		quiet := m.settled(path, r.manifest.Digest) && r.report.quiet()
		changed := r.report.Mode == ModeApply && one.Applied != r.manifest.Digest
		one.Digest, one.Ran = r.manifest.Digest, now
		if r.report.Mode == ModeApply {
			one.Applied = r.manifest.Digest
		}
		if quiet {
			return nil
		}
		things, err := m.all()
		if err != nil {
			return err
		}
		for _, t := range things {
			if _, too := t.Also[path]; changed && (too || t.Manifest == path) {
				t.Fought, t.Corrected = "", nil
			}
		}
		for i, s := range r.steps {
			r.keepStep(m, s, &r.report.Resources[i], now)
		}
		if err := r.keepOrphans(m, now); err != nil {
			return err
		}
		one.Settled = r.allSettled(m)
		if r.options.Forget && r.report.Count(OutcomeOK)+r.report.Count(OutcomeChanged) == len(r.steps) {
			m.forget(path)
		}
		return nil
	})
}

// forget forgets a manifest, and what is its own.
func (m *memory) forget(path string) {
	maps.DeleteFunc(m.things, func(_ string, t *thing) bool { return t.Manifest == path })
	maps.DeleteFunc(m.Checks, func(_ string, c CheckStatus) bool { return c.Manifest == path })
	delete(m.Manifests, path)
}

// quiet says whether a run has found everything as declared, and nothing to tell.
func (r *Report) quiet() bool {
	return r.Result == Converged && len(r.Orphans) == 0 && r.Count(OutcomeOK) == len(r.Resources)
}

// allSettled says whether every resource is as the manifest has it.
func (r *run) allSettled(m *memory) bool {
	return !slices.ContainsFunc(r.steps, func(s *step) bool {
		t := m.things[s.id.String()]
		return t == nil || t.State != StateConverged || len(t.Stale) > 0
	}) && len(m.orphans(r)) == 0
}

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

// keepStep keeps what is known of a resource after a run, and counts what was
// changed.
func (r *run) keepStep(m *memory, s *step, told *ResourceReport, now time.Time) {
	if s.orphan {
		r.keepTakenBack(m, s, told)
		return
	}
	t := m.things[s.id.String()]
	if t == nil {
		t = &thing{Manifest: whole(r.manifest.Path), State: StateUnknown}
		m.things[s.id.String()] = t
	}
	if path := whole(r.manifest.Path); t.Manifest != path {
		if r.report.Mode == ModePlan {
			return // a plan makes it nobody else's
		}
		m.manifest(t.Manifest).Settled = false // it may claim it back
		t.moves(path)
	}
	if r.report.Rollback == nil && len(s.made) > 0 {
		m.Counters.change(s, len(s.made))
	}
	if told.Outcome == OutcomeUnseen {
		return
	}
	if t.Stale = told.Stale; r.report.Rollback != nil && !r.report.Rollback.Failed && told.Outcome == OutcomeFailed {
		t.Stale = nil // what it failed to take up is gone again
	}
	if told.Outcome == OutcomeOK || told.Outcome == OutcomeChanged {
		r.keepConverged(t, s, now)
		return
	}
	state := StateFailed
	switch told.Outcome {
	case OutcomeDiffers, OutcomeAudited, OutcomeReverted:
		if state = StatePending; s.cause == Drift {
			state = StateDrifted
		}
	case OutcomeFighting:
		state = StateFighting
	case OutcomeFailed:
		if r.corrected(s) && r.keepCorrections(t, s, now) {
			state = StateFighting
		}
	}
	t.becomes(state, now)
	t.Why = why(told)
	switch {
	case s.differs() && s.cause == Drift && (t.Drifted == nil || t.Drifted.After(now)): // a clock that was wrong
		t.Drifted = &now
	case s.differs() && s.cause != Drift, told.Outcome == OutcomeUnproven:
		t.Drifted = nil
	}
}

// keepConverged keeps that a resource is as it is declared.
func (r *run) keepConverged(t *thing, s *step, now time.Time) {
	t.Declared, t.Drifted, t.Why, t.Gone = r.declared(s), nil, "", departs(s)
	state := StateConverged
	if r.keepCorrections(t, s, now) {
		state = StateFighting
		t.Why = "somebody changes it again and again" + history(t)
	}
	t.becomes(state, now)
}

// keepCorrections keeps when drift of a resource was corrected, and says whether that
// makes a fight. A plan corrects nothing, and settles none.
func (r *run) keepCorrections(t *thing, s *step, now time.Time) bool {
	if r.report.Mode == ModePlan {
		return t.Fought != ""
	}
	limit := r.manifest.Fighting
	t.Corrected = recent(t.Corrected, limit)
	if r.options.Enforce {
		t.Corrected = nil
	}
	if r.corrected(s) {
		t.Corrected = append(t.Corrected, now)
	}
	if t.Fought = ""; limit.Corrections > 0 && len(t.Corrected) >= int(limit.Corrections) {
		t.Fought = r.manifest.Digest
	}
	return t.Fought != ""
}

// becomes sets a state, and since when it is no good one.
func (t *thing) becomes(state ResourceState, now time.Time) {
	switch {
	case state == StateConverged:
		t.Since = nil
	case t.State != state || t.Since == nil || t.Since.After(now):
		t.Since = &now
	}
	t.State = state
}

// why is what differs, or what has failed, in a line or a few.
func why(told *ResourceReport) string {
	if told.Error != "" {
		return told.Error
	}
	text := ""
	for i, c := range told.Changes {
		if i > 0 {
			text += "; "
		}
		text += c.Line
	}
	if text == "" && len(told.Notes) > 0 {
		return told.Notes[0]
	}
	return text
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

// rememberRollback keeps that what a roll-back has taken back is no longer as any
// manifest has it.
func (r *maker) rememberRollback() error {
	return r.options.update(nil, func(m *memory) error {
		now := time.Now().UTC()
		m.ended(r.report, now)
		things, err := m.all()
		if err != nil {
			return err
		}
		m.manifest(r.report.Manifest).Settled = false
		for id := range r.report.takenBack() {
			t := things[id]
			if t == nil { // it was forgotten, and is there again
				things[id] = &thing{Manifest: r.report.Manifest, Declared: "brought back", State: StateOrphaned, Since: &now, Why: "it was brought back"}
				continue
			}
			m.manifest(t.Manifest).Settled = false
			t.Declared, t.Drifted, t.Fought, t.Corrected, t.Why, t.Gone = "", nil, "", nil, "it was taken back", false
			t.becomes(StatePending, now)
		}
		return nil
	})
}

// takenBack is the ids of the resources of which a roll-back has changed something.
func (r *Report) takenBack() map[string]bool {
	ids := map[string]bool{}
	add := func(list []ResourceReport) {
		for i := range list {
			if list[i].Made > 0 {
				ids[list[i].ID] = true
			}
		}
	}
	add(r.Resources)
	for _, back := range []*RollbackReport{r.Rollback, r.Recovered} {
		if back != nil {
			add(back.Resources)
		}
	}
	return ids
}

// dropChecks forgets the checks that have left a manifest.
func (m *memory) dropChecks(r *run) {
	path := whole(r.manifest.Path)
	maps.DeleteFunc(m.Checks, func(name string, c CheckStatus) bool {
		return c.Manifest == path && r.step(resources.ID{Type: "check", Name: name}) == nil
	})
}
