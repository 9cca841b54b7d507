package agent

import (
	"context"
	"fmt"

	"github.com/makenotwork/mnw-agent/resources"
)

// prove plans everything again, on the node as it is now, and examines it. What is
// still to be done did not converge. What was not made, because the run was refused
// half-way, is known to differ.
func (r *run) prove(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	again := make([]*step, 0, len(r.steps))
	for _, s := range r.steps {
		if s.state == made && !s.deferred || s.state == planned && !s.audit && !s.fought && !s.acts() {
			again = append(again, s)
		}
	}
	proof := &run{maker: maker{machine: r.machine}, steps: forget(again)}
	proof.plan(ctx, proof.steps)
	for i, s := range proof.steps {
		switch {
		case s.err != nil && s.state == failed:
			again[i].fail(fmt.Errorf("after the changes: %w", s.err))
		case s.acts():
			again[i].fail(fmt.Errorf("it did not converge: after the changes there is still to do: %s", s.plan.Changes[0].Line()))
			again[i].left = s.plan.Changes
		default:
			if err := proof.holds(ctx, s); err != nil {
				again[i].fail(fmt.Errorf("after the changes: %w", err))
			}
		}
	}
}

// holds is what a step's resource finds wrong with the node as it is.
func (r *run) holds(ctx context.Context, s *step) error {
	examiner, ok := s.resource.(resources.Examiner)
	if !ok || s.audit || s.broken() {
		return nil
	}
	return examiner.Examine(ctx, r.future)
}
