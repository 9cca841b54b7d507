package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is the windows: while one is open, a unit is stopped for resources that
// must not change while it runs (needs_stop). It opens only when one of them has
// changes. Their plans are made on a node on which the unit does not run, and the
// unit's run, which comes after them, starts it again. What is made while it is open
// is in schedule.go.

// stopType is the type in the ids of the steps that stop units.
const stopType = "stop"

// A window is the time in which a unit is stopped.
type window struct {
	unit string
	run  *step            // that starts the unit again
	stop *step            // that stops it; without changes while nothing needs that
	by   []string         // the ids that it is stopped for
	left *node.UnitAction // that an earlier run stopped it with, which was cut short; nil for none

	from, to time.Time // when the unit went down in this run, and was up again; zero while it was not
	release  func()    // of the limit to that
}

// addWindows adds the windows of the units that must not run while something changes.
func (g *graph) addWindows() {
	stopped := map[*window][]resources.ID{}
	g.eachRun(func(_ *step, need resources.RunNeed) {
		if len(need.Stopped) > 0 {
			w := newWindow(g.find(resources.ID{Type: runType, Name: need.Unit}))
			stopped[w] = need.Stopped
			g.windows = append(g.windows, w)
		}
	})
	slices.SortStableFunc(g.windows, func(a, b *window) int { return resources.TriggersFirst(a.unit, b.unit) })
	for _, w := range g.windows {
		for _, id := range stopped[w] {
			for _, one := range g.named(id) {
				one.windows = append(one.windows, w)
				w.run.needs = append(w.run.needs, one)
			}
		}
	}
}

func newWindow(run *step) *window {
	w := &window{unit: run.id.Name, run: run}
	w.stop = &step{id: resources.ID{Type: stopType, Name: w.unit}, pos: run.pos}
	run.closes = w
	return w
}

// action is the stop that is planned, was made or tried, nil when there is none.
func (w *window) action() *node.UnitAction {
	if len(w.stop.plan.Changes) == 0 {
		return w.left
	}
	return w.stop.plan.Changes[0].(*node.UnitAction)
}

// opened says whether the unit was stopped, by this run or the one that it goes on
// with, or that was tried.
func (w *window) opened() bool {
	return w.stop.state == made || w.stop.broken() || w.left != nil
}

// isOpen says whether this run has stopped the unit, and not started it again.
func (w *window) isOpen() bool { return !w.from.IsZero() && w.to.IsZero() }

// what is what the unit is stopped for.
func (w *window) what() string {
	switch n := len(w.by); n {
	case 0:
		return "a run that was cut short"
	case 1:
		return w.by[0]
	default:
		return strings.Join(w.by[:n-1], ", ") + " and " + w.by[n-1]
	}
}

// plannedOnly forgets a stop that was merely planned.
func (w *window) plannedOnly() {
	if w.stop.state == planned || w.stop.state == pending {
		w.stop.state, w.stop.plan, w.by = pending, node.Plan{}, nil
	}
}

// findStops finds what must be stopped before the step's changes, on a view.
func (s *step) findStops(v node.View) ([]node.Change, error) {
	s.stops = nil
	var changes []node.Change
	for _, w := range s.windows {
		action, err := resources.StopFor(v, w.unit)
		if err != nil {
			return nil, err
		}
		if s.stops = append(s.stops, action); action != nil {
			changes = append(changes, action)
		}
	}
	return changes, nil
}

// mayStop says why the step must not be made though it has changes: what would have to
// be stopped cannot be.
func (s *step) mayStop() error {
	for i, w := range s.windows {
		switch action := s.stops[i]; {
		case action == nil:
		case action.Own():
			return fmt.Errorf("it needs %s stopped, and this run is a part of that: run mnw-agent from elsewhere", w.unit)
		case w.run.audit:
			return fmt.Errorf("it needs %s stopped, which is only to audit: stop it, or leave audit out", w.unit)
		}
	}
	return nil
}

// open plans the stops that a step with changes needs, and returns those that are new.
func (s *step) open() []*step {
	var opened []*step
	for i, w := range s.windows {
		action := s.stops[i]
		if action != nil && w.stop.state == pending {
			w.stop.state, w.stop.plan = planned, node.Plan{Changes: []node.Change{action}}
			if len(action.Stops) > 0 {
				w.stop.note("systemd stops with it what depends on it: " + strings.Join(action.Stops, ", "))
			}
			w.run.fought = false // it must be started again
			opened = append(opened, w.stop)
		}
		if w.action() == nil {
			continue
		}
		if !slices.Contains(w.by, s.id.String()) {
			w.by = append(w.by, s.id.String())
		}
		if w.stop.state == planned {
			w.action().Why = w.what() + " " + verb(len(w.by), "changes", "change")
		}
	}
	return opened
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// barred is the stop that failed and without which the step must not be made, nil
// when there is none.
func (s *step) barred() *step {
	for _, w := range s.windows {
		if w.stop.broken() {
			return w.stop
		}
	}
	return nil
}

// mustClose says whether the step starts a unit that is stopped, or will be: then no
// failure of another one keeps it from that.
func (s *step) mustClose() bool { return s.closes != nil && s.closes.action() != nil }

// after is the resource of a step that starts a unit again.
func (s *step) after() resources.Resource {
	run, ok := s.resource.(*resources.Run)
	if !ok || !s.mustClose() {
		return s.resource
	}
	return run.After(s.closes.action(), s.closes.opened(), s.closes.what())
}

// restores says whether a change of the step brings back what was there before the run,
// as the start of a unit does that was stopped.
func (s *step) restores(c node.Change) bool {
	action, ok := c.(*node.UnitAction)
	return ok && s.mustClose() && action.Verb == node.StartUnit
}
