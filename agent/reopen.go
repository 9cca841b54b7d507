package agent

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file sees to it that no unit stays down that was stopped for a change: not when
// the change fails or the run is stopped, and not when the run dies.

// closeWindows starts what the run has stopped, and has not started again. A run that
// goes back starts it on the way.
func (r *run) closeWindows(ctx context.Context) {
	if !slices.ContainsFunc(r.windows, (*window).opened) {
		return
	}
	goesBack := r.tooLong() || r.mustGoBack(ctx)
	for _, w := range r.windows {
		if w.isOpen() {
			w.release()
		}
		if !goesBack && w.opened() && w.run.state != made {
			r.reopen(context.WithoutCancel(ctx), w)
		}
	}
}

// reopen starts one unit. One that does not come up shuts the gate.
func (r *run) reopen(ctx context.Context, w *window) {
	s := &step{id: w.run.id, pos: w.run.pos, resource: w.run.after(), closes: w, state: planned}
	changes, err := s.resource.(*resources.Run).Reopen(r.machine.View())
	if err == nil && len(changes) > 0 {
		s.plan.Changes = changes
		w.run.note("it is started again all the same: " + changes[0].Line())
		err = cmp.Or(r.log.plan(wholly([]*step{s})), r.perform(ctx, s, changes))
	}
	if err != nil {
		r.shut("%s: %s", w.run.id, err)
		return
	}
	w.run.made = append(w.run.made, s.made...)
	if w.isOpen() {
		w.to = r.up(w.run, w.from)
	}
}

// takeOver has the units started that a run has stopped which was cut short.
func (r *run) takeOver(open *journal.Run) error {
	left, err := leftDown(open)
	for unit, action := range left {
		i := slices.IndexFunc(r.windows, func(w *window) bool { return w.unit == unit })
		if i >= 0 {
			r.windows[i].left = action
			continue
		}
		w := newWindow(r.runOf(unit))
		w.left = action
		r.windows = append(r.windows, w)
	}
	return err
}

// staysOpen says whether a run must be left as it was cut short: it has stopped a unit,
// and this manifest is held and starts nothing.
func (r *run) staysOpen(open *journal.Run) bool {
	hold, err := r.options.held(r.manifest.Digest)
	if err != nil || hold == nil || r.options.RetryHeld {
		return false
	}
	for _, w := range r.windows {
		if w.left != nil {
			r.report.note("run %d was cut short, and has left %s stopped: start it, or apply %s again", open.Number, w.unit, open.Manifest)
		}
	}
	return slices.ContainsFunc(r.windows, func(w *window) bool { return w.left != nil })
}

// runOf is the run of a unit, which need not be in the manifest.
func (r *run) runOf(unit string) *step {
	id := resources.ID{Type: runType, Name: unit}
	if s := r.step(id); s != nil {
		return s
	}
	s := &step{id: id, rank: lateRun, resource: resources.NewRuns([]resources.RunNeed{{Unit: unit}})[0]}
	r.steps = append(r.steps, s)
	slices.SortFunc(r.steps, byID)
	return s
}

// leftDown is the stops of a run that has not started the units again, by unit.
func leftDown(open *journal.Run) (map[string]*node.UnitAction, error) {
	left := map[string]*node.UnitAction{}
	var errs []error
	for _, e := range open.Entries {
		id := parseID(e.Resource)
		if id.Type != stopType && id.Type != runType {
			continue
		}
		c, err := open.Change(e)
		errs = append(errs, err)
		switch action, _ := c.(*node.UnitAction); {
		case action == nil:
		case id.Type == stopType && e.Begun:
			left[action.Unit] = action
		case e.Done && action.Verb != node.StopUnit:
			delete(left, action.Unit)
		}
	}
	return left, errors.Join(errs...)
}

// A WindowReport is how long a unit was stopped for changes in a run.
type WindowReport struct {
	Unit    string     `json:"unit"`
	For     []string   `json:"for"`     // the ids of the resources that it was stopped for
	Seconds float64    `json:"seconds"` // from when it was stopped until it was up again, or the end of the run
	Down    time.Time  `json:"down"`
	Up      *time.Time `json:"up,omitempty"` // absent: it was not up again
}

// tellWindows reports how long units were down, and the stops as resources.
func (r *run) tellWindows() {
	for _, w := range r.windows {
		if w.stop.differs() {
			r.report.Resources = append(r.report.Resources, r.report.resource(w.stop))
		}
		if w.from.IsZero() {
			continue
		}
		if w.to.IsZero() { // started on the way back, if at all
			if _, to, err := r.machine.LastDown(w.unit); err == nil && to.After(w.from) {
				w.to = to
			}
		}
		one := WindowReport{Unit: w.unit, For: w.by, Down: w.from, Seconds: time.Since(w.from).Seconds()}
		if !w.to.IsZero() {
			one.Up, one.Seconds = &w.to, w.to.Sub(w.from).Seconds()
		}
		r.report.Windows = append(r.report.Windows, one)
	}
}
