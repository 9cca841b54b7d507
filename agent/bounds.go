package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is how long something may be away in a run (max_outage): a check fails, or a
// unit is down. When it is for longer, nobody waits any more: the gate shuts.

// An awayError says that something was away for too long.
type awayError struct {
	what      string // "check:api was failing"
	took, may time.Duration
}

func (e *awayError) Error() string {
	return fmt.Sprintf("%s for %s, longer than its max_outage of %s", e.what, e.took.Round(time.Millisecond), resources.Duration(e.may))
}

// tooLong shuts the gate when something was away for too long, and says whether it was.
func (r *run) tooLong() bool {
	var away *awayError
	if !errors.As(context.Cause(r.bounds), &away) {
		return false
	}
	r.shut("%s", away)
	return true
}

// bears is how long what a step stands for may be away; 0 is for as long as it takes.
func bears(s *step) time.Duration {
	if bounded, ok := s.resource.(resources.Bounded); ok && !s.audit {
		return bounded.Bears()
	}
	return 0
}

// limited says whether it counts how long the check is failing: one that failed before,
// or is merely audited, is no gate.
func (w *watch) limited() bool { return w.bears > 0 && w.passed && w.exceed != nil }

// left is how much longer the check may go on failing, when it is: a try that takes
// longer has failed for too long. 0 is for as long as it takes.
func (w *watch) left(now time.Time) time.Duration {
	if !w.limited() || !w.outage.failing {
		return 0
	}
	return w.bears - w.outage.total - now.Sub(w.outage.lastGood)
}

// mind ends the run when the check was failing for longer than it may.
func (w *watch) mind() {
	if took := w.outage.took(); w.limited() && took > w.bears {
		w.exceed(&awayError{w.step.id.String() + " was failing", took, w.bears})
	}
}

// performOne makes the changes of a stint. The time for which a unit is down is
// measured: from when it is stopped, by a step of its own or for a restart, until it is
// up again.
func (r *run) performOne(s stint) error {
	if slices.ContainsFunc(s.changes, isUnitAction) {
		r.askNow()
	}
	began := time.Now()
	var err error
	switch i := slices.IndexFunc(r.windows, func(w *window) bool { return w.stop == s.step || w.run == s.step && w.isOpen() }); {
	case i >= 0 && s.isStop():
		err = r.perform(r.bounds, s.step, s.changes)
		if moved := (*node.MovedError)(nil); !errors.As(err, &moved) {
			r.opened(r.windows[i], began)
		}
	case i >= 0:
		if err = r.perform(r.bounds, s.step, s.changes); err == nil {
			r.closed(r.windows[i])
		}
	case restarts(s.changes):
		release := r.limitDown(s.step, began)
		if err = r.perform(r.bounds, s.step, s.changes); err == nil {
			r.up(s.step, began)
		}
		release()
	default:
		err = r.perform(r.bounds, s.step, s.changes)
	}
	return err
}

// opened notes that a unit was stopped.
func (r *run) opened(w *window, began time.Time) {
	w.from = began
	if from, _, err := r.machine.LastDown(w.unit); err == nil && from.After(began) {
		w.from = from
	}
	w.release = r.limitDown(w.run, w.from)
}

// closed notes that a unit was started again.
func (r *run) closed(w *window) {
	w.release()
	w.to = r.up(w.run, w.from)
}

func isUnitAction(c node.Change) bool {
	_, ok := c.(*node.UnitAction)
	return ok
}

func restarts(changes []node.Change) bool {
	return slices.ContainsFunc(changes, func(c node.Change) bool {
		action, ok := c.(*node.UnitAction)
		return ok && action.Verb == node.RestartUnit
	})
}

// limitDown ends what is done now when the unit of a run has been down since a moment
// for longer than it may.
func (r *run) limitDown(s *step, since time.Time) (release func()) {
	may := bears(s)
	if may == 0 {
		return func() {}
	}
	timer := time.AfterFunc(time.Until(since.Add(may)), func() {
		if _, up, err := r.machine.LastDown(s.id.Name); err != nil || !up.After(since) {
			r.exceed(&awayError{s.id.Name + " was down", time.Since(since), may})
		}
	})
	return func() { timer.Stop() }
}

// up is when the unit of a run, which was down since a moment, was up again.
func (r *run) up(s *step, since time.Time) time.Time {
	from, to, err := r.machine.LastDown(s.id.Name)
	if err != nil || !to.After(since) {
		return time.Time{} // it is not up
	}
	if from.Before(since) {
		from = since
	}
	if may := bears(s); may > 0 && to.Sub(from) > may {
		r.exceed(&awayError{s.id.Name + " was down", to.Sub(from), may})
	}
	return to
}
