// Package serve converges a node again and again, tells systemd how that goes, and
// shows over HTTP what it saw.
//
//	loop.go    when a run is made, and what it is
//	watch.go   notices that the manifest has changed
//	pulse.go   is the loop alive?
//	notify.go  what systemd is told
//	http.go    what can be asked for; page.go is the page, limit.go for how many
//
// Every run is an ordinary agent.Apply of the manifest as it is on the disk at that
// moment. When it cannot be loaded then, that is told and counted, and nothing is
// applied: the last good manifest is not applied in its place. It is no longer what
// is wanted, only what was; a node that is kept at it would look converged while
// nobody sees that what is wanted does not get there, and half of a change (a
// renamed source, a resource that moved to another file) could be undone against
// the will of who is just making it. The node stays as it is until the manifest is
// mended, which is noticed within seconds.
package serve

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

// Options are how a node is served.
type Options struct {
	// Manifest is the path of the manifest, for messages and the state directory.
	Manifest string
	// Load loads the manifest for one run, and tells reads each file before it is
	// opened.
	Load func(reads func(path string)) (*manifests.Manifest, error)
	// Agent is how each run is made. It has a Timeout: a run without one could not
	// be told from one that hangs.
	Agent agent.Options
	// Interval is from the beginning of a run to that of the next, which comes up to
	// a tenth of it later.
	Interval time.Duration
	// Listen is the address that is listened on, "" for none.
	Listen string
	// Status is what is known of the node, for the page.
	Status func() (*agent.Status, error)
	// Metrics serves /metrics.
	Metrics http.Handler
	// Reload asks for a run at once.
	Reload <-chan os.Signal

	// Begin is told that a run begins.
	Begin func()
	// Tell tells a run to people, and puts what it came to in one line.
	Tell func(Run) string
	// Listening is told the address, once something can be asked there.
	Listening func(address string)
	// Warn is told what is wrong, and ends nothing.
	Warn func(error)
}

// A Run is what one run came to. One that could not begin has no report; otherwise
// the error is what went wrong besides.
type Run struct {
	Report    *agent.Report
	Err       error
	Forgotten error // why a run that could not begin is not remembered
}

// Serve converges until ctx ends. Then it brings the run in hand to its end, as
// agent.Apply does when it is stopped, and returns nil. An error says that it could
// not listen, or no longer can.
func Serve(ctx context.Context, o Options) error {
	l, err := newLoop(o)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.Listen == "" {
		l.run(ctx)
		return nil
	}
	s, err := listen(o, l.pulse)
	if err != nil {
		return err
	}
	broken := make(chan error, 1)
	go func() {
		broken <- s.serve()
		stop()
	}()
	l.run(ctx)
	s.close()
	return <-broken
}

// jitter is how much later than the interval says a run begins: up to a tenth of
// it, so that the nodes of a fleet do not all begin at once.
func jitter(interval time.Duration) time.Duration {
	return rand.N(interval/10 + 1)
}

// pause is how long to wait for the next run after one that took so long. When it
// took longer than the interval, only the jitter is left to wait.
func pause(interval, took time.Duration) time.Duration {
	return max(0, interval-took) + jitter(interval)
}
