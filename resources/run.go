package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// A Run is what systemd runs of one unit. No manifest names it: each unit that
// a resource needs has one, planned when all that the unit reads is planned. It
// alone makes systemd read unit files anew, and start, stop, restart or reload
// the unit: at most one of these, because of what the node shows, not because
// of what the manifest has just changed.
type Run struct {
	Unit string

	declared *Unit // nil when only another resource needs the unit
	loads    []func(node.View) []string
	acted    []*node.UnitAction // on the way back: what was done to the unit

	stop     *node.UnitAction // that this run stops it with before; nil for none
	stopMade bool             // it is stopped already
	stopWhy  string           // what for
}

// NewRuns makes the runs that resources need, one for each unit, by name.
func NewRuns(needs []RunNeed) []*Run {
	byUnit := map[string]*Run{}
	var runs []*Run
	for _, need := range needs {
		r := byUnit[need.Unit]
		if r == nil {
			r = &Run{Unit: need.Unit}
			byUnit[need.Unit] = r
			runs = append(runs, r)
		}
		if need.Declared != nil {
			r.declared = need.Declared
		}
		if need.Loads != nil {
			r.loads = append(r.loads, need.Loads)
		}
	}
	slices.SortFunc(runs, func(a, b *Run) int { return strings.Compare(a.Unit, b.Unit) })
	return runs
}

// Plan is part of Resource. Nothing runs in a directory tree.
func (r *Run) Plan(_ context.Context, v node.View) (node.Plan, error) {
	manager, err := v.Manager()
	if err != nil {
		return r.withoutSystemd(err)
	}
	unit, err := unitfile.Load(v, r.Unit)
	if err != nil {
		return node.Plan{}, err
	}
	var now node.Unit
	if !isTemplate(r.Unit) {
		if now, err = v.Unit(r.Unit); err != nil {
			return node.Plan{}, err
		}
	}
	var plan node.Plan
	due, err := reloadDue(v, manager, unit, now)
	if err != nil {
		return plan, err
	}
	if due {
		plan.Changes = append(plan.Changes, &node.ManagerReload{})
		plan.Stale = append(plan.Stale, node.StaleManager)
	}
	verdict, err := r.decide(v, unit, now)
	plan.Notes, plan.Stale = verdict.notes, append(plan.Stale, verdict.stale...)
	if err != nil {
		return plan, err
	}
	if verdict.verb != "" {
		if err := r.act(v, verdict, now, &plan); err != nil {
			return plan, err
		}
	}
	return plan, errors.Join(r.bringBack(v, &plan), r.bringAlong(v, &plan))
}

// act adds the action to a plan.
func (r *Run) act(v node.View, on verdict, now node.Unit, plan *node.Plan) (err error) {
	action := &node.UnitAction{Unit: r.Unit, Verb: on.verb, From: now, Why: on.why, Settle: r.settle()}
	if on.verb == node.StopUnit || on.verb == node.RestartUnit {
		if action.Stops, err = v.Dependents(r.Unit); err != nil {
			return err
		}
	}
	if on.verb == node.StopUnit && len(action.Stops) > 0 {
		plan.Notes = append(plan.Notes, "systemd stops with it what depends on it: "+strings.Join(action.Stops, ", "))
	}
	plan.Changes = append(plan.Changes, action)
	return nil
}

// withoutSystemd is the plan where there is nobody to ask.
func (r *Run) withoutSystemd(err error) (node.Plan, error) {
	switch {
	case errors.Is(err, node.ErrOffline):
		return node.Plan{}, nil
	case errors.Is(err, node.ErrNoSystemd) && !r.wantsUp():
		return node.Plan{Notes: []string{"systemd does not run here, so there is nothing to act on"}}, nil
	case errors.Is(err, node.ErrNoSystemd):
		return node.Plan{}, fmt.Errorf("active: %w, so nothing can be started: leave active out", err)
	}
	return node.Plan{}, err
}

func (r *Run) wantsUp() bool   { return r.declared != nil && isTrue(r.declared.Active) }
func (r *Run) wantsDown() bool { return r.declared != nil && r.declared.down() != "" }

func (r *Run) settle() *time.Duration {
	if r.declared == nil {
		return nil
	}
	return (*time.Duration)(r.declared.Settle)
}

// isUp says whether a unit runs or is about to.
func isUp(u node.Unit) bool { return u.Running() || u.ActiveState == "activating" }

// decide finds the action.
func (r *Run) decide(v node.View, unit *unitfile.Unit, now node.Unit) (verdict, error) {
	switch {
	case len(r.acted) > 0:
		return r.again(now), nil
	case r.wantsDown() && isUp(now):
		return verdict{verb: node.StopUnit, why: r.declared.down()}, nil
	case r.wantsDown() && r.declared.Departs() && now.ActiveState == "failed":
		return verdict{verb: node.ResetUnit, why: "it is declared absent, and systemd remembers that it has failed"}, nil
	case r.wantsDown():
		return verdict{}, nil
	case now.Running():
		return r.decideRunning(v, unit, now)
	case r.stop != nil:
		return verdict{verb: node.StartUnit, why: "it was stopped for " + r.stopWhy}, nil
	case r.wantsUp():
		return verdict{verb: node.StartUnit, why: "it is " + now.State()}, nil
	}
	return verdict{}, nil
}

// decideRunning finds out whether what runs is as it would be if it were
// started or reloaded now.
func (r *Run) decideRunning(v node.View, unit *unitfile.Unit, now node.Unit) (verdict, error) {
	evidence, err := r.evidence(v, unit, now)
	if err != nil {
		return verdict{}, err
	}
	verdict := judgeRun(now, v.Now(), evidence)
	if verdict.verb == node.ReloadUnit && !unit.CanReload() {
		return verdict, fmt.Errorf("it must be reloaded (%s), but its unit file %s has no ExecReload=", verdict.why, unit.Fragment)
	}
	return verdict, nil
}

// Needs is part of Needer: what the unit's own content names, as far as another
// resource makes it.
func (r *Run) Needs() []node.Subject {
	if r.declared == nil {
		return nil
	}
	var subjects []node.Subject
	for _, read := range r.declared.Reads {
		subjects = append(subjects, node.Subject{Kind: node.OfPath, Name: string(read)})
	}
	for _, content := range r.declared.contents() {
		settings, _ := unitfile.Parse(content.Bytes())
		for _, s := range settings {
			if kind, ok := namedBy[s.Key]; ok && s.Section == "Service" {
				subjects = append(subjects, node.Subject{Kind: kind, Name: strings.TrimPrefix(s.Value, "-")})
			}
		}
	}
	return subjects
}

// namedBy is what the values of some settings of a service are.
var namedBy = map[string]node.SubjectKind{
	"EnvironmentFile":  node.OfPath,
	"WorkingDirectory": node.OfPath,
	"User":             node.OfUser,
	"Group":            node.OfGroup,
}
