package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// commit makes the planned changes, in order. When one fails, or the node is no
// longer what one saw, all that is not made yet is planned and judged again on
// the node as it now is, for it was planned for another. A gate ends it at once.
func (r *run) commit(ctx context.Context) {
	for !r.performAll(ctx) && stopped(ctx) == nil && r.gate == "" {
		r.plan(ctx, r.unmade())
		r.judge(ctx)
		if r.report.Refused {
			return
		}
	}
}

// batch is how many steps are prepared together.
const batch = 256

// performAll performs what is planned and says whether that went to the end.
func (r *run) performAll(ctx context.Context) bool {
	acting := slices.DeleteFunc(slices.Clone(r.order), func(s *step) bool { return !s.acts() })
	r.progress.Begin(len(changesOf(acting)))
	r.setAside(acting)
	if err := r.log.plan(acting); err != nil {
		r.halt(acting, err)
		return true
	}
	for i, s := range acting {
		if stopped(ctx) != nil {
			return true
		}
		if i%batch == 0 {
			r.machine.Ahead(changesOf(acting[i:min(i+batch, len(acting))]))
		}
		err := r.perform(ctx, s)
		if err == nil && i == len(acting)-1 {
			err = r.machine.Flush()
		}
		var moved *node.MovedError
		switch {
		case err == nil:
			s.state = made
		case errors.As(err, &moved) && !s.moved:
			s.moved, s.state = true, pending
			return false
		default:
			s.fail(err)
			r.weighFailure(ctx, s)
			return false
		}
	}
	return true
}

// perform makes the changes of one step. When the run is stopped, the change in
// hand is brought to its end, unless that takes too long.
func (r *run) perform(ctx context.Context, s *step) error {
	ctx, done := prolong(ctx, grace)
	defer done()
	for _, c := range s.plan.Changes {
		if err := r.log.begun(c); err != nil {
			return err
		}
		if err := r.machine.Perform(ctx, c); err != nil {
			var moved *node.MovedError
			if errors.As(err, &moved) {
				err = errors.Join(err, r.log.unmade(c))
			}
			return err
		}
		s.made = append(s.made, c)
		if err := r.log.done(c); err != nil {
			return err
		}
		r.progress.Made(s.id.String())
	}
	return nil
}

// setAside takes the actions out of the plans that end this process: they are
// made when all is reported, and not waited for.
func (r *run) setAside(steps []*step) {
	for _, s := range steps {
		s.plan.Changes = slices.DeleteFunc(slices.Clone(s.plan.Changes), func(c node.Change) bool {
			action, ok := c.(*node.UnitAction)
			if ok && action.Own() {
				r.own = append(slices.DeleteFunc(r.own, sameUnit(action)), c)
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

// halt fails all that is not made yet: nothing may be changed that is not in the
// journal.
func (r *run) halt(steps []*step, err error) {
	for _, s := range steps {
		if s.acts() {
			s.fail(fmt.Errorf("nothing was changed: %w", err))
		}
	}
}

// grace is how long a change in hand may go on when the run is stopped.
const grace = 10 * time.Second

// prolong is a context that ends some time after ctx does, for the same cause.
func prolong(ctx context.Context, by time.Duration) (longer context.Context, done func()) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(by, func() { cancel(context.Cause(ctx)) })
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}

// unmade is the steps that were planned and are not performed, to be planned
// again.
func (r *run) unmade() []*step {
	var rest []*step
	for _, s := range r.steps {
		if s.state == planned || s.state == pending {
			s.state, s.plan = pending, node.Plan{}
			rest = append(rest, s)
		}
	}
	return rest
}
