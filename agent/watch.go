package agent

import (
	"context"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// Checks are asked at fixed intervals while a run is under way: more often while they
// fail, to see the end of that, and programs less often, for they cost more.
const (
	sampling        = 50 * time.Millisecond
	samplingFailing = 10 * time.Millisecond
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

// regressed says whether the check passed before and does not pass now. One that
// is merely audited never does.
func (w *watch) regressed() bool { return w.passed && w.err != nil && !w.step.audit }

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
				if was := w.outage.failing; w.took(s) != was {
					ticker.Reset(w.interval())
				}
				w.tell(s)
			}
		}
	}()
}

// took takes a sample up, and says whether the check fails now.
func (w *watch) took(s sample) (failing bool) {
	w.outage.take(s)
	w.mind()
	return w.outage.failing
}

// interval is how often it is asked now.
func (w *watch) interval() time.Duration {
	switch {
	case len(w.probe.Command) > 0:
		return samplingCommand
	case w.outage.failing:
		return samplingFailing
	}
	return sampling
}

// askNow has the checks asked at once, but for commands: something is done to a unit, and
// what they last said may be the last that they say for a while.
func (r *run) askNow() {
	for _, w := range r.watches {
		if len(w.probe.Command) > 0 {
			continue
		}
		select {
		case w.prompt <- struct{}{}:
		default: // it is about to be asked
		}
	}
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
