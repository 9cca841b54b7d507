package resources

import (
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is the run of a unit on the way back, when the changes of an earlier
// run are taken back: there is no manifest then that wishes anything of it.

// A RunPolicy is what is to be done about a unit that runs with older files than
// those on disk, kept in the journal for the way back.
type RunPolicy struct {
	Unit     string    `json:"unit"`
	Declared bool      `json:"declared,omitempty"` // by the manifest
	OnChange OnChange  `json:"on_change,omitempty"`
	OnStale  OnStale   `json:"on_stale,omitempty"`
	Reads    []Path    `json:"reads,omitempty"`
	Settle   *Duration `json:"settle,omitempty"`
	Loads    []string  `json:"loads,omitempty"` // what its reload reads
}

// Policy is the policy of a run, as things are in a view.
func (r *Run) Policy(v node.View) RunPolicy {
	p := RunPolicy{Unit: r.Unit}
	if u := r.declared; u != nil {
		p.Declared, p.OnChange, p.OnStale, p.Reads, p.Settle = true, u.OnChange, u.OnStale, u.Reads, u.Settle
	}
	for _, loads := range r.loads {
		p.Loads = append(p.Loads, loads(v)...)
	}
	return p
}

// NewRunBack is the run of a unit on the way back from a run that has acted on
// the unit in some ways, the earliest first. Such a unit is acted on again even
// if no file says so; any other is acted on as the policy says, when it runs with
// older files than those on disk.
func NewRunBack(p RunPolicy, acted []*node.UnitAction) *Run {
	r := &Run{Unit: p.Unit, acted: acted}
	if p.Declared {
		r.declared = &Unit{Name: p.Unit, OnChange: p.OnChange, OnStale: p.OnStale, Reads: p.Reads, Settle: p.Settle}
	}
	if len(p.Loads) > 0 {
		r.loads = append(r.loads, func(node.View) []string { return p.Loads })
	}
	return r
}

// again is the action that brings back what the unit did before it was acted on.
func (r *Run) again(now node.Unit) verdict {
	wasUp := isUp(r.acted[0].From)
	onlyReloaded := !slices.ContainsFunc(r.acted, func(a *node.UnitAction) bool { return a.Verb != node.ReloadUnit })
	switch {
	case wasUp && !isUp(now):
		return verdict{verb: node.StartUnit, why: "it was " + r.acted[0].From.State() + " before"}
	case wasUp && onlyReloaded:
		return verdict{verb: node.ReloadUnit, why: "it takes up again what it had loaded before"}
	case wasUp:
		return verdict{verb: node.RestartUnit, why: "it runs again with what it had before"}
	case isUp(now):
		return verdict{verb: node.StopUnit, why: "it was " + r.acted[0].From.State() + " before"}
	case now.ActiveState == "failed" && r.acted[0].From.ActiveState != "failed":
		return verdict{verb: node.ResetUnit, why: "it had not failed before"}
	}
	return verdict{}
}

// bringBack starts the other units again that went down with this one when it
// was acted on: because it was stopped, or did not come up again.
func (r *Run) bringBack(v node.View, plan *node.Plan) error {
	brought := map[string]bool{}
	for _, a := range r.acted {
		for _, name := range a.Stops {
			now, err := v.Unit(name)
			switch {
			case err != nil:
				return err
			case isUp(now) || brought[name]:
				continue
			}
			brought[name] = true
			plan.Changes = append(plan.Changes, &node.UnitAction{
				Unit: name, Verb: node.StartUnit, From: now, Why: "it went down with " + r.Unit,
			})
		}
	}
	return nil
}
