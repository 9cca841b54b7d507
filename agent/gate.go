package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is the gates: what makes a run take everything back that it has
// done. A resource that fails is none, unless all or nothing is wanted.

// atomic says whether all or nothing is wanted, or was of the run that this one
// goes on with.
func (r *run) atomic() bool {
	return r.options.Atomic || r.manifest.Atomic || r.resumed != nil && r.resumed.Atomic
}

// allOrNothing says whether the run must not begin: all or nothing is wanted, and
// it is known already that it cannot be all.
func (r *run) allOrNothing() bool {
	if !r.atomic() || !slices.ContainsFunc(r.steps, (*step).counts) {
		return false
	}
	r.report.note("nothing was changed: all or nothing is wanted")
	r.report.Refused = true
	return true
}

// counts says whether the step is broken, and not merely audited.
func (s *step) counts() bool { return s.broken() && !s.audit }

// weighFailure shuts the gate when a step's failure is more than its own: a unit
// that does not come up, or does not take its configuration.
func (r *run) weighFailure(ctx context.Context, s *step) {
	var unit *node.UnitError
	switch {
	case stopped(ctx) != nil:
	case errors.As(s.err, &unit) && unit.Verb != node.StopUnit:
		r.shut("%s: %s", s.id, unit.Err)
	case r.atomic():
		r.shut("%s failed, and all or nothing is wanted", s.id)
	}
}

// shut shuts the gate, for the first of several reasons.
func (r *run) shut(format string, args ...any) {
	if r.gate == "" {
		r.gate = r.report.conceal(fmt.Sprintf(format, args...))
	}
}

// mustGoBack says whether the run must be taken back. With all or nothing, what
// could not be planned, was refused or was stopped counts as well.
func (r *run) mustGoBack(ctx context.Context) bool {
	if r.gate == "" && r.atomic() {
		for _, s := range r.steps {
			if s.counts() {
				r.shut("%s failed, and all or nothing is wanted", s.id)
				break
			}
		}
		if err := stopped(ctx); err != nil {
			r.shut("%s, and all or nothing is wanted", err)
		}
	}
	return r.gate != ""
}
