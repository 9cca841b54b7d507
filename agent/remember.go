package agent

import (
	"maps"
	"slices"
	"time"
)

// This file is what a run leaves in the memory about each resource.

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
		if r.options.Forget && r.report.Count(OutcomeOK)+r.report.Count(OutcomeChanged) == len(r.report.Resources) {
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

// keepStep keeps what is known of a resource after a run, and counts what was
// changed.
func (r *run) keepStep(m *memory, s *step, told *ResourceReport, now time.Time) {
	if s.orphan {
		r.keepTakenBack(m, s, told)
		return
	}
	path := whole(r.manifest.Path)
	t := m.things[s.id.String()]
	switch {
	case t == nil:
		t = &thing{Manifest: path, State: StateUnknown}
		m.things[s.id.String()] = t
	case t.Manifest != path && r.report.Mode == ModePlan:
		return // a plan makes it nobody else's
	case t.Manifest != path:
		m.manifest(t.Manifest).Settled = false // it may claim it back
		t.moves(path)
	}
	if r.report.Rollback == nil && len(s.made) > 0 {
		m.Counters.change(s, len(s.made))
	}
	switch told.Outcome {
	case OutcomeUnseen:
	case OutcomeOK, OutcomeChanged:
		t.Stale = told.Stale
		r.keepConverged(t, s, now)
	default:
		if t.Stale = told.Stale; r.report.Rollback != nil && !r.report.Rollback.Failed && told.Outcome == OutcomeFailed {
			t.Stale = nil // what it failed to take up is gone again
		}
		r.keepDiffering(t, s, told, now)
	}
}

// keepDiffering keeps that a resource is not as it is declared, and why.
func (r *run) keepDiffering(t *thing, s *step, told *ResourceReport, now time.Time) {
	t.becomes(r.stateOf(t, s, told, now), now)
	t.Why = why(told)
	switch {
	case s.differs() && s.cause == Drift && (t.Drifted == nil || t.Drifted.After(now)): // a clock that was wrong
		t.Drifted = &now
	case s.differs() && s.cause != Drift, told.Outcome == OutcomeUnproven:
		t.Drifted = nil
	}
}

func (r *run) stateOf(t *thing, s *step, told *ResourceReport, now time.Time) ResourceState {
	switch told.Outcome {
	case OutcomeDiffers, OutcomeAudited, OutcomeReverted:
		if s.cause == Drift {
			return StateDrifted
		}
		return StatePending
	case OutcomeFighting:
		return StateFighting
	case OutcomeFailed:
		if r.corrected(s) && r.keepCorrections(t, s, now) {
			return StateFighting
		}
	}
	return StateFailed
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
	for _, more := range [][]string{told.Differs, told.Notes} {
		if text == "" && len(more) > 0 {
			return more[0]
		}
	}
	return text
}
