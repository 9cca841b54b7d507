// Package agent takes a manifest and leaves a converged node.
//
// A run is one walk, and this is its order:
//
//	order    what must come before what                      order.go, edges.go
//	plan     every resource, on the node as it will be       plan.go
//	judge    the real judges rule on the whole future        judge.go
//	commit   the changes, in order, each on what it saw      commit.go
//	prove    plan again: nothing may be left to do           agent.go
//	report   what was seen, done and said                    report.go
//
// Plan walks as far as judge and leaves the node alone; Apply goes to the end.
package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// DefaultStateDir is where the agent keeps its own files on a node.
const DefaultStateDir = "/var/lib/mnw-agent"

// Options are how a run is made. The zero value is a run on the running system.
type Options struct {
	Root     string        // the node's root directory; "" for /
	StateDir string        // "" for DefaultStateDir below the root
	Wait     time.Duration // how long to wait while another run holds the lock
	Timeout  time.Duration // how long the run may take; 0 for no limit
	Progress Progress      // told of each change; nil for nobody
}

// A Progress is told how far a run has come, from one goroutine.
type Progress interface {
	// Begin says that so many changes are about to be made. It comes again when
	// what is left was planned again.
	Begin(changes int)
	// Made is one of them made, for the resource with an id.
	Made(id string)
}

// Plan says what Apply would change, and whether the judges agree.
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
	machine  *node.Machine
	stateDir string
	steps    []*step // by id
	owners   map[node.Subject]*step
	order    []*step // as planned so far
	future   *node.Future
	report   *Report
	progress Progress
}

func walk(ctx context.Context, m *manifests.Manifest, o Options, mode Mode) (*Report, error) {
	began := time.Now()
	o = o.withDefaults()
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the run took longer than %s", o.Timeout))
		defer cancel()
	}
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
	r := &run{machine: machine, stateDir: o.StateDir, steps: graph.steps, owners: graph.owners, progress: o.Progress}
	r.report = newReport(mode, m, began)
	if !machine.Owners() {
		r.report.note("without the privileges of root, owners are neither changed nor compared")
	}
	if mode == ModeApply {
		release, err := lock(ctx, o.StateDir, o.Wait)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	r.walk(ctx, mode)
	r.report.finish(r.steps, stopped(ctx))
	return r.report, nil
}

func (o Options) withDefaults() Options {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.StateDir == "" {
		o.StateDir = DefaultStateDir
		if o.Root != "/" {
			o.StateDir = o.Root + DefaultStateDir
		}
	}
	if o.Progress == nil {
		o.Progress = silence{}
	}
	return o
}

func (r *run) walk(ctx context.Context, mode Mode) {
	r.machine.AskUnits(r.units())
	r.phase("plan", func() { r.plan(ctx, r.steps) })
	if !r.changes() {
		r.phase("judge", func() { r.examine(ctx, r.steps) })
		return
	}
	r.phase("judge", func() { r.judge(ctx) })
	if mode == ModePlan || r.report.Refused {
		return
	}
	r.phase("commit", func() { r.commit(ctx) })
	r.phase("prove", func() { r.prove(ctx) })
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

// prove plans everything again, on the node as it is now. What is still to be
// done did not converge.
func (r *run) prove(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	again := make([]*step, 0, len(r.steps))
	for _, s := range r.steps {
		if s.state == made || s.state == planned && !s.audit {
			again = append(again, s)
		}
	}
	proof := &run{machine: r.machine, steps: forget(again)}
	proof.plan(ctx, proof.steps)
	for i, s := range proof.steps {
		switch {
		case s.err != nil && s.state == failed:
			again[i].fail(fmt.Errorf("after the changes: %w", s.err))
		case s.acts():
			again[i].fail(fmt.Errorf("it did not converge: after the changes there is still to do: %s", s.plan.Changes[0].Line()))
			again[i].left = s.plan.Changes
		}
	}
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

// silence is the Progress of nobody.
type silence struct{}

func (silence) Begin(int)   {}
func (silence) Made(string) {}
