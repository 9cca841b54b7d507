package agent

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file asks the manifest's checks whether things work: before the first
// change, all the while, and after the last. One that passed before and does not
// pass after is a regression. What failed before and fails after proves nothing.

// Checks are asked at fixed intervals while a run is under way; programs less
// often, for they cost more.
const (
	sampling        = 50 * time.Millisecond
	samplingCommand = 500 * time.Millisecond
)

// A watch is one check under way.
type watch struct {
	step   *step
	probe  node.Probe
	within time.Duration
	bears  time.Duration // how long it may be failing; 0 for as long as it takes
	exceed func(error)   // ends a run in which it is for longer
	passed bool          // before the first change
	cut    bool          // the run was stopped before it could say
	err    error         // why it does not pass now, nil when it does

	outage outage        // as its sampler sees it
	news   chan sample   // its sampler's newest one
	prompt chan struct{} // has it take one at once
	cancel context.CancelFunc
	over   chan struct{}
}

// A sample is one try.
type sample struct {
	began, ended time.Time
	err          error
}

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

// regressed says whether the check passed before and does not pass now. One that
// is merely audited never does.
func (w *watch) regressed() bool { return w.passed && w.err != nil && !w.step.audit }

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

func (w *watch) try(ctx context.Context, m *node.Machine) sample {
	began := time.Now()
	if left := w.left(began); left > 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, left+time.Millisecond)
		defer done()
	}
	err := m.Probe(ctx, w.probe)
	return sample{began, time.Now(), err}
}

// ask asks once, before anything is changed.
func (w *watch) ask(ctx context.Context, m *node.Machine) {
	s := w.try(ctx, m)
	if w.cut = s.err != nil && stopped(ctx) != nil; w.cut {
		return
	}
	w.err, w.passed = s.err, s.err == nil
	w.outage.take(s)
}

// start goes on asking at a fixed interval.
func (w *watch) start(m *node.Machine) {
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	w.over = make(chan struct{})
	go func() {
		defer close(w.over)
		ticker := time.NewTicker(w.interval())
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			case <-w.prompt:
			}
			if s := w.try(ctx, m); ctx.Err() == nil {
				w.outage.take(s)
				w.mind()
				w.tell(s)
			}
		}
	}()
}

func (w *watch) interval() time.Duration {
	if len(w.probe.Command) > 0 {
		return samplingCommand
	}
	return sampling
}

// tell puts a sample in the place of an older one that nobody has looked at.
func (w *watch) tell(s sample) {
	select {
	case <-w.news:
	default:
	}
	w.news <- s
}

// await waits for a sample, begun from now on, that passes. One is taken at once;
// the last one is begun when the check should have passed. A run that is stopped
// does not wait: the newest sample must do.
func (w *watch) await(ctx context.Context, within time.Duration) {
	began := time.Now()
	w.prompt <- struct{}{}
	for {
		select {
		case s := <-w.news:
			if s.began.Before(began) {
				continue
			}
			if w.err = s.err; w.err == nil || s.ended.Sub(began) > within {
				return
			}
		case <-ctx.Done():
			select {
			case s := <-w.news:
				w.err = s.err
			default:
			}
			return
		}
	}
}
