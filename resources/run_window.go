package resources

import (
	"errors"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is a unit that must not run while something changes: it is stopped
// before that, and its run starts it again.

// StopFor is the action that stops a unit for changes that must not be made while it
// runs, with what systemd stops along with it; nil when it does not run.
func StopFor(v node.View, unit string) (*node.UnitAction, error) {
	now, err := v.Unit(unit)
	switch {
	case errors.Is(err, node.ErrOffline), errors.Is(err, node.ErrNoSystemd):
		return nil, nil
	case err != nil || !isUp(now):
		return nil, err
	}
	stops, err := v.Dependents(unit)
	return &node.UnitAction{Unit: unit, Verb: node.StopUnit, From: now, Stops: stops}, err
}

// After is the run of a unit that is stopped for something: it starts the unit again
// unless that must not run, and what went down with it. The stop is merely planned,
// or made.
func (r *Run) After(stop *node.UnitAction, made bool, why string) *Run {
	again := *r
	again.stop, again.stopMade, again.stopWhy = stop, made, why
	return &again
}

// Bears is part of Bounded: how long the unit may be down in a run, if not for good.
func (r *Run) Bears() time.Duration {
	if r.declared == nil || r.wantsDown() {
		return 0
	}
	return declared(r.declared.MaxOutage)
}

// Reopen is what starts a unit again that was stopped for something, and does not run,
// with what went down with it: that alone, whatever else it is due.
func (r *Run) Reopen(v node.View) ([]node.Change, error) {
	if r.wantsDown() {
		return nil, nil
	}
	now, err := v.Unit(r.Unit)
	if err != nil {
		return nil, err
	}
	var plan node.Plan
	if !isUp(now) {
		plan.Changes = append(plan.Changes, &node.UnitAction{
			Unit: r.Unit, Verb: node.StartUnit, From: now, Why: "it was stopped for " + r.stopWhy, Settle: r.settle(),
		})
	}
	err = r.bringAlong(v, &plan)
	return plan.Changes, err
}

// bringAlong starts what went down with the unit when it was stopped.
func (r *Run) bringAlong(v node.View, plan *node.Plan) error {
	if r.stop == nil || r.wantsDown() {
		return nil
	}
	for _, name := range r.stop.Stops {
		now, err := v.Unit(name)
		switch {
		case err != nil:
			return err
		case isUp(now) && r.stopMade:
			continue
		case isUp(now):
			now.ActiveState, now.SubState, now.MainPID = "inactive", "dead", 0 // by then
		}
		plan.Changes = append(plan.Changes, &node.UnitAction{
			Unit: name, Verb: node.StartUnit, From: now, Why: "it went down with " + r.Unit,
		})
	}
	return nil
}
