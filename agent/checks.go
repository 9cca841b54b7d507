package agent

import (
	"context"
	"slices"
	"sync"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
)

// This file asks the manifest's checks whether things work: before the first
// change, all the while, and after the last. One that passed before and does not
// pass after is a regression. What failed before and fails after proves nothing.

// prepareWatches finds the checks, and says whether they can be asked here.
func (r *run) prepareWatches() bool {
	r.watches = nil
	for _, s := range r.steps {
		prober, ok := s.resource.(resources.Prober)
		if !ok {
			continue
		}
		w := &watch{step: s, news: make(chan sample, 1), prompt: make(chan struct{}, 1)}
		w.probe, w.within = prober.Probe()
		w.bears, w.exceed = bears(s), r.exceed
		r.watches = append(r.watches, w)
	}
	if r.machine.Offline() && len(r.watches) > 0 {
		r.report.note("not checked: nothing runs in this tree")
		r.watches = nil
	}
	return len(r.watches) > 0
}

// probes says whether a resource is a check.
func probes(r resources.Resource) bool {
	_, ok := r.(resources.Prober)
	return ok
}

// checkOnce asks each check once, when there is nothing to be done.
func (r *run) checkOnce(ctx context.Context) {
	if !r.prepareWatches() {
		return
	}
	r.each(func(w *watch) { w.ask(ctx, r.machine) })
	r.dropCut()
	for _, w := range r.watches {
		r.report.checked(w)
	}
}

// checkBefore asks each check once, and goes on asking until endWatches. A run
// that goes on with an earlier one has that one's answers.
func (r *run) checkBefore(ctx context.Context, earlier *journal.Run) {
	if !r.prepareWatches() {
		return
	}
	r.each(func(w *watch) {
		if w.ask(ctx, r.machine); w.cut {
			return
		}
		if earlier != nil {
			w.passed = earlier.Checks[w.step.id.Name]
		}
		w.start(r.machine)
	})
	r.dropCut()
}

// dropCut leaves out the checks that a stop kept from answering: they have neither
// passed nor failed.
func (r *run) dropCut() {
	r.watches = slices.DeleteFunc(r.watches, func(w *watch) bool {
		if w.cut {
			w.step.state = pending
		}
		return w.cut
	})
}

// passing is what passed before the first change, by name.
func (r *run) passing() map[string]bool {
	passed := map[string]bool{}
	for _, w := range r.watches {
		passed[w.step.id.Name] = w.passed
	}
	return passed
}

// checkAfter waits until each check passes, as long as it may take, and shuts the
// gate for one that has passed before. When it is shut already there is nothing
// left to prove.
func (r *run) checkAfter(ctx context.Context) {
	if r.gate != "" || stopped(ctx) != nil || r.tooLong() {
		return
	}
	r.each(func(w *watch) { w.await(r.bounds, w.within) })
	if stopped(ctx) != nil || r.tooLong() {
		return // a check that was not waited for proves nothing
	}
	for _, w := range r.watches {
		if w.regressed() {
			r.shut("%s passed before, and fails now: %s", w.step.id, w.err)
		}
	}
}

// endWatches stops asking, and reports what was seen.
func (r *run) endWatches() {
	for _, w := range r.watches {
		w.cancel()
		<-w.over
		r.report.checked(w)
	}
}

func (r *run) each(do func(*watch)) {
	var group sync.WaitGroup
	for _, w := range r.watches {
		group.Go(func() { do(w) })
	}
	group.Wait()
}
