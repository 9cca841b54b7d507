package agent

import (
	"context"
	"fmt"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// refuseUndoers refuses the steps that would undo what others bring about: both
// together can never be as declared. That one path has two owners is mostly seen
// when a manifest is loaded. Not of what finds its place by looking, such as a user's
// authorized_keys, nor of a path that leads through a symlink: these are seen here,
// on the complete future, where what another step has changed must still be as its
// owner wants it.
func (r *run) refuseUndoers(ctx context.Context) {
	var places map[string][]*step
	for _, s := range r.order {
		if !s.acts() || s.id.Type == runType {
			continue
		}
		if places == nil {
			places = r.places()
		}
		for _, c := range s.plan.Changes {
			r.refuseUndoer(ctx, s, c, places)
		}
	}
}

// places is the steps that own paths, by where these lead.
func (r *run) places() map[string][]*step {
	places := make(map[string][]*step, len(r.owners))
	for subject, owner := range r.owners {
		if subject.Kind == node.OfPath {
			at := r.future.Resolve(subject.Name)
			places[at] = append(places[at], owner)
		}
	}
	return places
}

// refuseUndoer refuses a step when one of its changes undoes what the owner of the
// place brings about.
func (r *run) refuseUndoer(ctx context.Context, s *step, c node.Change, places map[string][]*step) {
	subject := c.Subject()
	if subject.Kind != node.OfPath {
		return
	}
	at := r.future.Resolve(subject.Name)
	for _, owner := range places[at] {
		if owner == s || owner.state != planned || owner.audit || owner.fought {
			continue
		}
		if undone := leftOf(ctx, owner, r.future); undone != nil {
			r.refuse(s, fmt.Errorf("it would have %s otherwise than %s (%s): let one of the two say it", at, owner.id, undone.Line()))
			return
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
