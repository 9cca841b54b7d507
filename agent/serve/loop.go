package serve

import (
	"context"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

// A loop decides when a run is made: at once, then at the interval, when it is asked
// for, and when the manifest has changed. Runs are made beside it, one at a time, so
// that it goes on answering while one is under way. What asks for a run then has it
// made as soon as the other one has ended.
type loop struct {
	Options
	pulse   *pulse
	watch   watch // the run's while there is one, and else the loop's
	manager *manager

	next, look *time.Timer
	busy       bool // a run is under way
	again      bool // another one is asked for
	stopping   bool
	warned     bool // that a run hangs
	began      time.Time
	loaded     chan func() string // the run in hand has its manifest, or none, and can be made
	ended      chan string        // it was made, and what it came to
}

func newLoop(o Options) (*loop, error) {
	m, err := newManager(o.Warn)
	if err != nil {
		return nil, err
	}
	l := &loop{
		Options: o, pulse: &pulse{limit: o.Agent.Timeout, due: time.Now()}, manager: m,
		loaded: make(chan func() string, 1), ended: make(chan string, 1),
	}
	l.Agent.Progress = l.pulse
	return l, nil
}

// run makes runs until ctx ends, and brings the one in hand to its end.
func (l *loop) run(ctx context.Context) {
	l.next, l.look = time.NewTimer(l.Interval), time.NewTimer(lookEvery)
	feed := time.NewTicker(l.manager.beat())
	defer feed.Stop()
	l.begin(ctx)
	for stop := ctx.Done(); l.busy || !l.stopping; {
		select {
		case <-stop:
			stop = nil // once
			l.stop()
		case <-l.next.C:
			l.begin(ctx)
		case <-l.Reload:
			l.reload(ctx)
		case <-l.look.C:
			l.lookAgain(ctx)
		case once := <-l.loaded:
			l.manager.loaded(l.stopping) // before the run looks at this very unit
			go func() { l.ended <- once() }()
		case came := <-l.ended:
			l.end(ctx, came)
		case <-feed.C:
			l.feed()
		}
	}
}

// begin begins a run, or has one made when that in hand has ended.
func (l *loop) begin(ctx context.Context) {
	if l.busy || l.stopping {
		l.again = true
		return
	}
	l.next.Stop()
	l.busy, l.again, l.began = true, false, time.Now()
	l.pulse.begin(l.began)
	go l.load(ctx)
}

// load loads the manifest as it is now.
func (l *loop) load(ctx context.Context) {
	l.watch.forget()
	m, err := l.Load(l.watch.reads)
	l.loaded <- func() string { return l.once(ctx, m, err) }
}

// once makes a run, and tells what it came to.
func (l *loop) once(ctx context.Context, m *manifests.Manifest, err error) string {
	if ctx.Err() != nil {
		return "" // before anything began
	}
	l.Begin()
	r := Run{Err: err}
	if err == nil {
		r.Report, r.Err = agent.Apply(ctx, m, l.Agent)
	}
	if r.Report == nil {
		r.Forgotten = agent.Missed(l.Agent, agent.ModeApply, l.Manifest, r.Err)
	}
	return l.Tell(r)
}

// end is what comes after a run.
func (l *loop) end(ctx context.Context, came string) {
	l.busy, l.warned = false, false
	wait := pause(l.Interval, time.Since(l.began))
	l.pulse.end(time.Now().Add(wait))
	l.next.Reset(wait)
	if came != "" && !l.stopping {
		l.manager.status(came)
	}
	if l.again && !l.stopping {
		l.begin(ctx)
	}
}

// reload is what SIGHUP asks for. A run that is under way has its manifest; systemd
// does not wait for its end.
func (l *loop) reload(ctx context.Context) {
	if l.stopping {
		return
	}
	l.manager.reloading()
	if l.busy {
		l.manager.loaded(false)
	}
	l.begin(ctx)
}

// lookAgain looks whether the manifest has changed, unless a run has it in hand.
func (l *loop) lookAgain(ctx context.Context) {
	again := lookEvery
	if !l.busy {
		var changed bool
		if changed, again = l.watch.look(); changed {
			l.begin(ctx)
		}
	}
	l.look.Reset(again)
}

// feed feeds the watchdog, but not while a run is beyond its bounds: then systemd
// ends the program, and starts it again if it is told to.
func (l *loop) feed() {
	err := l.pulse.hangs(time.Now())
	if err == nil {
		l.manager.feed(l.stopping)
		return
	}
	if !l.warned {
		l.Warn(err)
	}
	l.warned = true
}

// stop begins the end. A run in hand has the time that one has whose limit is over.
func (l *loop) stop() {
	l.stopping = true
	l.manager.stopping()
	l.pulse.stop(time.Now())
	l.feed()
}
