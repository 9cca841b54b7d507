package serve

import (
	"fmt"
	"sync"
	"time"
)

// A pulse says whether the loop is alive. The watchdog is fed by it, and /healthz
// tells it. It says nothing about what the runs come to: a node that cannot be made
// to match has a healthy agent, which says so in its metrics.
type pulse struct {
	mu       sync.Mutex
	limit    time.Duration // of a run
	running  bool
	deadline time.Time // when the run in hand is told to stop
	moved    time.Time // when it last made a change
	due      time.Time // when the next one begins
}

const (
	// grace is how long a run may go on after it is told to stop, and how long each
	// change of a way back may take that it is on then: more than any program or unit
	// is given by default.
	grace = 5 * time.Minute
	// lag is how late a run may begin.
	lag = time.Minute
)

// begin says that a run begins.
func (p *pulse) begin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.deadline = true, now.Add(p.limit)
}

// end says that it has ended, and when the next one is due.
func (p *pulse) end(due time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.due = false, due
}

// stop says that the run in hand is told to stop.
func (p *pulse) stop(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.deadline) {
		p.deadline = now
	}
}

// Begin and Made are agent.Progress.
func (p *pulse) Begin(int) { p.move(time.Now()) }

// Made is part of agent.Progress.
func (p *pulse) Made(string) { p.move(time.Now()) }

func (p *pulse) move(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moved = now
}

// hangs says why the loop is not alive: the run in hand is beyond its time limit and
// nothing has moved for the time of grace since, or no run has begun when it should
// have. Nil says that it is.
func (p *pulse) hangs(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.deadline
	if p.moved.After(last) {
		last = p.moved
	}
	switch {
	case p.running && now.Sub(last) > grace:
		return fmt.Errorf("a run hangs: it should have ended at %s, and has made no change since", p.deadline.Format(time.DateTime))
	case !p.running && now.Sub(p.due) > lag:
		return fmt.Errorf("no run begins: one was due at %s", p.due.Format(time.DateTime))
	}
	return nil
}
