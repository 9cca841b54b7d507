package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A maker makes changes on a node, tells the journal, and whoever looks on. A run
// is one, and so is the way back from it, with a journal file of its own.
type maker struct {
	machine  *node.Machine
	options  Options
	report   *Report
	progress Progress
	log      log           // what is done, for the journal
	own      []node.Change // actions that end this process: made last
}

func newMaker(m *node.Machine, o Options, report *Report) maker {
	return maker{machine: m, options: o, report: report, progress: o.Progress, log: log{journal: o.journal()}}
}

// perform makes changes of one step. When the run is stopped, the change in
// hand is brought to its end, unless that takes too long.
func (m *maker) perform(ctx context.Context, s *step, changes []node.Change) error {
	ctx, done := prolong(ctx, s.graceAt)
	defer done()
	for _, c := range changes {
		if err := m.log.begun(c); err != nil {
			return err
		}
		if err := m.machine.Perform(ctx, c); err != nil {
			var moved *node.MovedError
			if errors.As(err, &moved) {
				err = errors.Join(err, m.log.unmade(c))
			}
			return err
		}
		s.made = append(s.made, c)
		if err := m.log.done(c); err != nil {
			return err
		}
		m.progress.Made(s.id.String())
	}
	return nil
}

// setAside takes the actions out of the plans that end this process: they are
// made when all is reported, and not waited for.
func (m *maker) setAside(steps []*step) {
	for _, s := range steps {
		s.plan.Changes = slices.DeleteFunc(slices.Clone(s.plan.Changes), func(c node.Change) bool {
			action, ok := c.(*node.UnitAction)
			if ok && action.Own() {
				m.own = append(slices.DeleteFunc(m.own, sameUnit(action)), c)
				s.deferred = true
				s.plan.Notes = append(s.plan.Notes, "this run is a part of it: when all is reported: "+c.Line())
			}
			return ok && action.Own()
		})
	}
}

// sameUnit is whether a change is of the unit that an action is of, as when it was
// planned again.
func sameUnit(a *node.UnitAction) func(node.Change) bool {
	return func(c node.Change) bool { return c.Subject() == a.Subject() }
}

// endSelf makes the changes that end this very process.
func (m *maker) endSelf(ctx context.Context) error {
	var errs []error
	for _, c := range m.own {
		errs = append(errs, m.machine.Perform(context.WithoutCancel(ctx), c))
	}
	return errors.Join(errs...)
}

// grace is how long a change in hand may go on when the run is stopped, and haste how
// long when something is away for too long already.
const (
	grace = 10 * time.Second
	haste = time.Second
)

// graceAt is how long a change of the step may go on after a cause to stop. To wait
// for a unit is of no use when it is away for too long already.
func (s *step) graceAt(cause error) time.Duration {
	var away *awayError
	switch {
	case !errors.As(cause, &away):
		return grace
	case s.id.Type == runType:
		return 0
	}
	return haste
}

// prolong is a context that ends some time after ctx does, for the same cause.
func prolong(ctx context.Context, by func(cause error) time.Duration) (longer context.Context, done func()) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(by(context.Cause(ctx)), func() { cancel(context.Cause(ctx)) })
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}
