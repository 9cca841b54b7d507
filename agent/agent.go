// Package agent takes a manifest and leaves a converged node.
//
// A run is one walk, and this is its order:
//
//	take up  what a run that was cut short has left          recover.go, reopen.go
//	order    what must come before what                      order.go, edges.go, cycles.go
//	plan     every resource, on the node as it will be       plan.go, waves.go, window.go
//	judge    the real judges rule on the whole future        judge.go
//	check    does it work now?                               checks.go, watch.go
//	commit   the changes, in order, each on what it saw      commit.go, schedule.go
//	gate     does it still work? otherwise go back           gate.go, bounds.go, go_back.go
//	prove    plan again: nothing may be left to do           prove.go
//	report   what was seen, done and said, and why           report.go, report_fill.go, drift.go, fights.go
//	remember what is known now of each resource              remember.go, memory.go
//
// Rollback takes an earlier run back (undo.go, rollback.go); a run does so with itself
// when a gate shuts. What earlier runs have made of orphans is taken back by prune.go.
//
// Plan walks as far as check and leaves the node alone; Apply goes to the end.
// Before the first change, all of them are in the journal with their way back
// (package journal), so that a run which is killed at any moment can be completed
// or taken back by the next one.
package agent

import (
	"context"
	"errors"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// Plan says what Apply would change, whether the judges agree, and which checks fail now
// and so would prove nothing.
func Plan(ctx context.Context, m *manifests.Manifest, o Options) (*Report, error) {
	return walk(ctx, m, o, ModePlan)
}

// Apply makes the node match the manifest. An error means that the run could
// not begin, or was refused the lock (ErrLocked); whatever happened in a run
// that began is in the report.
func Apply(ctx context.Context, m *manifests.Manifest, o Options) (*Report, error) {
	return walk(ctx, m, o, ModeApply)
}

// A run is one walk over the steps of a manifest.
type run struct {
	maker
	manifest *manifests.Manifest
	steps    []*step // by id
	owners   map[node.Subject]*step
	windows  []*window // by unit
	order    []*step   // as planned so far
	future   *node.Future

	memory  *memory                 // what was known before; nil when that cannot be told
	resumed *journal.Run            // the run that this one goes on with, nil for none
	watches []*watch                // the checks
	bounds  context.Context         // of the changes and the gate: over when something was away for too long
	exceed  context.CancelCauseFunc // ends it; nil while nothing is changed
	letGo   bool                    // of the hold on an earlier manifest, when this one goes through
	gate    string                  // why the run must be taken back, "" while it need not
}

func walk(ctx context.Context, m *manifests.Manifest, o Options, mode Mode) (*Report, error) {
	began := time.Now()
	o = o.withDefaults()
	ctx, cancel := o.limit(ctx)
	defer cancel()
	graph, err := order(m)
	if err != nil {
		return nil, err
	}
	if err := ownDir(o.StateDir); err != nil {
		return nil, err
	}
	machine, err := node.Open(o.Root)
	if err != nil {
		return nil, err
	}
	defer machine.Close()
	o.recallDigests(machine)
	r := &run{
		maker:    newMaker(machine, o, newReport(mode, m, began)),
		manifest: m, steps: graph.steps, owners: graph.owners, windows: graph.windows,
	}
	if !machine.Owners() {
		r.report.note("without the privileges of root, owners are neither changed nor compared")
	}
	if mode == ModePlan {
		return r.planOnly(ctx)
	}
	return r.applyAlone(ctx)
}

// planOnly is the walk of Plan.
func (r *run) planOnly(ctx context.Context) (*Report, error) {
	if err := r.beginPlan(); err != nil {
		return nil, err
	}
	r.foresee(ctx)
	r.phase("check", func() { r.checkOnce(ctx) })
	r.noteStanding()
	err := r.conclude(ctx)
	if r.options.Remember {
		r.keepDigests()
		err = errors.Join(err, r.remember())
	}
	return r.report, err
}

// beginPlan is what a plan begins with. The error is that of one which cannot.
func (r *run) beginPlan() error {
	if r.options.Remember {
		if err := privateDir(r.options.StateDir); err != nil {
			return err
		}
	}
	return errors.Join(r.recall(), r.mindOrphans())
}

// conclude completes the report.
func (r *run) conclude(ctx context.Context) error {
	err := r.findCauses()
	r.report.finish(r.steps, r.tellWindows, stopped(ctx))
	return err
}

// applyAlone applies while no other run does.
func (r *run) applyAlone(ctx context.Context) (*Report, error) {
	release, err := lock(ctx, r.options.StateDir, r.options.Wait)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := r.apply(ctx); err != nil {
		return nil, err
	}
	return r.report, r.close(ctx, r.conclude(ctx))
}

// apply is the walk of Apply. The error is that of a run which cannot begin.
func (r *run) apply(ctx context.Context) error {
	if err := r.takeUp(ctx); err != nil || r.report.Held != nil {
		return err
	}
	if err := errors.Join(r.recall(), r.mindOrphans()); err != nil {
		return err
	}
	changes := r.foresee(ctx)
	switch {
	case r.report.Refused:
	case changes && r.resumed == nil && r.allOrNothing():
	case changes || r.resumed != nil:
		return r.transact(ctx)
	default:
		r.phase("check", func() { r.checkOnce(ctx) })
		return r.release()
	}
	return nil
}

// foresee plans everything, has it judged, and says whether there is anything to
// be made.
func (r *run) foresee(ctx context.Context) bool {
	r.machine.AskUnits(r.units())
	r.phase("plan", func() { r.plan(ctx, r.steps) })
	changes := r.changes()
	r.phase("judge", func() {
		if changes {
			r.judge(ctx)
		} else {
			r.examine(ctx, r.steps)
		}
	})
	return changes
}

// transact makes the changes, and takes them back when they do not stand the
// test. The error is that of a journal which cannot be opened.
func (r *run) transact(ctx context.Context) error {
	r.bounds, r.exceed = context.WithCancelCause(ctx)
	defer r.exceed(nil)
	r.phase("check", func() { r.checkBefore(ctx, r.resumed) })
	defer r.endWatches()
	if stopped(ctx) != nil {
		return nil // what the checks said then is no ground to stand on
	}
	if err := errors.Join(r.begin(), r.release()); err != nil {
		return err
	}
	r.phase("commit", func() { r.commit(ctx) })
	r.phase("gate", func() { r.checkAfter(ctx) })
	if r.mustGoBack(ctx) {
		r.phase("rollback", func() { r.goBack() })
		return nil
	}
	r.phase("prove", func() { r.prove(ctx) })
	return nil
}

// changes says whether anything is planned that is to be made.
func (r *run) changes() bool {
	for _, s := range r.steps {
		if s.acts() {
			return true
		}
	}
	return false
}

// phase times a part of a run.
func (r *run) phase(name string, do func()) {
	began := time.Now()
	do()
	r.report.Phases = append(r.report.Phases, Phase{name, time.Since(began).Seconds()})
}

// units is the units that the manifest names, to be asked about early.
func (r *run) units() []string {
	var names []string
	for _, s := range r.steps {
		if s.id.Type == runType {
			names = append(names, s.id.Name)
		}
	}
	return names
}

// stopped is why a run may not go on: a signal, or its time is over.
func stopped(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errors.New("the run was interrupted")
}
