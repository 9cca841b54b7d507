package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// commit makes the planned changes, in order. When one fails, or the node is no
// longer what one saw, all that is not made yet is planned and judged again on
// the node as it now is, for it was planned for another. A gate ends it at once.
// Whatever comes of it, a unit that was stopped for a change does not stay down.
func (r *run) commit(ctx context.Context) {
	defer r.closeWindows(ctx)
	for !r.performAll(ctx) && stopped(ctx) == nil && r.gate == "" {
		r.plan(ctx, r.unmade())
		r.judge(ctx)
		if r.report.Refused {
			return
		}
	}
}

// batch is how many stints are prepared together.
const batch = 256

// performAll performs what is planned and says whether that went to the end.
func (r *run) performAll(ctx context.Context) bool {
	acting := slices.DeleteFunc(slices.Clone(r.order), func(s *step) bool { return !s.acts() })
	r.progress.Begin(len(changesOf(acting)))
	r.setAside(acting)
	stints := schedule(acting)
	err := r.tellCauses()
	if err == nil {
		err = r.log.plan(stints)
	}
	if err != nil {
		r.halt(acting, err)
		return true
	}
	for i, s := range stints {
		if stopped(ctx) != nil || r.tooLong() {
			return true
		}
		if i%batch == 0 {
			r.machine.Ahead(changesIn(stints[i:min(i+batch, len(stints))]))
		}
		err := r.performOne(s)
		if err == nil && i == len(stints)-1 {
			err = r.machine.Flush()
		}
		if !r.took(ctx, s, err) {
			return false
		}
	}
	return true
}

// took notes what came of a stint, and says whether the next one can be made as it was
// planned.
func (r *run) took(ctx context.Context, s stint, err error) bool {
	var moved *node.MovedError
	switch {
	case err == nil && s.last:
		s.state = made
	case err == nil:
	case errors.As(err, &moved) && !s.moved:
		s.moved, s.state = true, pending
		return false
	default:
		s.fail(err)
		if !r.tooLong() {
			r.weighFailure(ctx, s.step)
		}
		return false
	}
	return true
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
