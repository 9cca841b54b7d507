package agent

import (
	"context"
	"fmt"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// refuseUndoers refuses the steps that would undo what others bring about: both together
// can never be as declared. That one path has two owners is mostly seen when a
// manifest is loaded. Not of what finds its place by looking, such as a user's
// authorized_keys: that is seen here, on the complete future, where what another
// step has changed must still be as its owner wants it.
func (r *run) refuseUndoers(ctx context.Context) {
	for _, s := range r.order {
		if !s.acts() || s.id.Type == runType {
			continue
		}
		for _, c := range s.plan.Changes {
			owner := r.owners[c.Subject()]
			if owner == nil || owner == s || owner.state != planned || owner.audit || owner.fought {
				continue
			}
			if undone := leftOf(ctx, owner, r.future); undone != nil {
				r.refuse(s, fmt.Errorf("it would have %s otherwise than %s (%s): let one of the two say it", c.Subject(), owner.id, undone.Line()))
				break
			}
		}
	}
}

// leftOf is the first change that a step would still make on a view that has all
// its changes; nil for none.
func leftOf(ctx context.Context, s *step, v node.View) node.Change {
	again := *s
	again.look(ctx, v)
	if again.state != planned || len(again.plan.Changes) == 0 {
		return nil
	}
	return again.plan.Changes[0]
}
