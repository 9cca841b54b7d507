package agent

import (
	"slices"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is the order in which changes are made while units are stopped for some of
// them: first what can be prepared of those, which takes longest and most easily fails,
// and all else that does not depend on them, then the stops, then those and what
// must come between them and the starts, then the starts, then the rest. Several
// units are down together.

// A stint is a part of a step's plan that is made in one go.
type stint struct {
	*step
	changes []node.Change
	last    bool // nothing of the plan is left after it
}

// wholly is steps as stints, one for each.
func wholly(steps []*step) []stint {
	stints := make([]stint, 0, len(steps))
	for _, s := range steps {
		stints = append(stints, stint{s, s.plan.Changes, true})
	}
	return stints
}

func changesIn(stints []stint) []node.Change {
	var changes []node.Change
	for _, t := range stints {
		changes = append(changes, t.changes...)
	}
	return changes
}

// schedule is the steps that act, which are in the order in which they were planned,
// in that in which they are made.
func schedule(acting []*step) []stint {
	behind, early := dependents(acting)
	if len(behind) == 0 {
		return wholly(acting)
	}
	needed := between(acting, behind, early)
	first := preparations(acting, early)
	var prepared, before, stops, inside, starts, rest []stint
	for _, s := range acting {
		sooner := &before
		if first[s] {
			sooner = &prepared
		}
		if n := early[s]; n > 0 {
			*sooner = append(*sooner, stint{s, s.plan.Changes[:n], n == len(s.plan.Changes)})
		}
		one := stint{s, s.plan.Changes[early[s]:], true}
		switch {
		case early[s] > 0 && len(one.changes) == 0:
		case s.isStop():
			stops = append(stops, one)
		case !behind[s]:
			*sooner = append(*sooner, one)
		case s.mustClose():
			starts = append(starts, one)
		case needed[s]:
			inside = append(inside, one)
		default:
			rest = append(rest, one)
		}
	}
	slices.SortStableFunc(stops, func(a, b stint) int { return resources.TriggersFirst(a.id.Name, b.id.Name) })
	return slices.Concat(prepared, before, stops, inside, starts, rest)
}

func (s *step) isStop() bool { return s.id.Type == stopType }

// isDown says whether the step is to start a unit that is stopped already: then
// nothing that it does not need goes before it.
func (s *step) isDown() bool { return s.mustClose() && s.closes.opened() }

// isWindowed says whether the step is one that a unit is stopped for.
func (s *step) isWindowed() bool {
	return slices.ContainsFunc(s.windows, func(w *window) bool { return w.action() != nil })
}

func all(steps []*step) map[*step]bool {
	set := make(map[*step]bool, len(steps))
	for _, s := range steps {
		set[s] = true
	}
	return set
}

// dependents is the steps that must not be made before the stops: those that the
// units are stopped for, and what depends on them. Of some of these the first changes
// can be made earlier all the same; early is how many. When a unit is down already,
// that is all steps.
func dependents(acting []*step) (behind map[*step]bool, early map[*step]int) {
	behind, early = map[*step]bool{}, map[*step]int{}
	switch {
	case slices.ContainsFunc(acting, (*step).isDown):
		return all(acting), early
	case !slices.ContainsFunc(acting, (*step).isStop):
		return behind, early
	}
	ties := newTies()
	files := newTies() // without what runs of units do
	reach := newReach(behind)
	for _, s := range acting {
		if !s.isStop() && !s.isWindowed() && !s.mustClose() && !reach.needs(s) && !ties.bind(s, withoutReload(s.plan.Changes)) {
			continue
		}
		behind[s] = true
		reach.forget()
		early[s] = leading(s, files)
		ties.add(s, s.plan.Changes[early[s]:])
		if s.id.Type != runType {
			files.add(s, s.plan.Changes[early[s]:])
		}
	}
	return behind, early
}

// leading is how many of the step's first changes can be made while the units still
// run: what merely prepares, and that systemd reads unit files anew, unless those
// change later.
func leading(s *step, files *ties) int {
	n := 0
	for _, c := range s.plan.Changes {
		_, reload := c.(*node.ManagerReload)
		switch {
		case reload && !files.disturb(s):
		case prepares(c):
		default:
			return n
		}
		n++
	}
	return n
}

func prepares(c node.Change) bool {
	preparer, ok := c.(node.Preparer)
	return ok && preparer.Prepares()
}

// preparations is the steps that prepare something while the units still run, and those
// that must come before that.
func preparations(acting []*step, early map[*step]int) map[*step]bool {
	needed := map[*step]bool{}
	ties := newTies()
	for _, s := range slices.Backward(acting) {
		changes := s.plan.Changes
		first := slices.ContainsFunc(changes[:early[s]], prepares)
		if first {
			changes = changes[:early[s]]
		}
		if !first && !needed[s] && !ties.bind(s, changes) {
			continue
		}
		needed[s] = true
		ties.add(s, changes)
		markNeeds(s, needed)
	}
	return needed
}

// withoutReload is changes without those of the manager: that systemd reads unit files
// anew earlier than planned makes no difference to who has looked at it before.
func withoutReload(changes []node.Change) []node.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c node.Change) bool { return c.Subject().Kind == node.OfManager })
}

// between is those of the steps behind the stops that must come before the starts.
func between(acting []*step, behind map[*step]bool, early map[*step]int) map[*step]bool {
	needed := map[*step]bool{}
	ties := newTies()
	for _, s := range slices.Backward(acting) {
		changes := s.plan.Changes[early[s]:]
		wanted := s.mustClose() || s.isWindowed() || needed[s]
		if !behind[s] || s.isStop() || !wanted && !ties.bind(s, changes) {
			continue
		}
		needed[s] = true
		ties.add(s, changes)
		markNeeds(s, needed)
	}
	return needed
}

// markNeeds marks all that a step needs.
func markNeeds(s *step, marked map[*step]bool) {
	for _, need := range s.needs {
		if !marked[need] {
			marked[need] = true
			markNeeds(need, marked)
		}
	}
}
