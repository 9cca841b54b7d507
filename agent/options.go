package agent

import (
	"context"
	"fmt"
	"time"
)

// DefaultStateDir is where the agent keeps its own files on a node.
const DefaultStateDir = "/var/lib/mnw-agent"

// DefaultKeep is how many runs the journal keeps.
const DefaultKeep = 50

// Options are how a run is made. The zero value is a run on the running system.
type Options struct {
	Root      string        // the node's root directory; "" for /
	StateDir  string        // "" for DefaultStateDir below the root
	Wait      time.Duration // how long to wait while another run holds the lock
	Timeout   time.Duration // how long the run may take; 0 for no limit
	Atomic    bool          // take everything back when one resource fails
	RetryHeld bool          // apply a manifest that is held
	Enforce   bool          // correct also what somebody changes again and again
	Prune     bool          // take back what was made of resources that have left the manifest
	Forget    bool          // the manifest takes everything away: when it has, nothing is known of it any more
	Remember  bool          // a plan is remembered, too: its result, and what it has seen of each resource
	Keep      int           // how many runs the journal keeps; 0 for DefaultKeep
	Progress  Progress      // told of each change; nil for nobody
}

// A Progress is told how far a run has come, from one goroutine.
type Progress interface {
	// Begin says that so many changes are about to be made. It comes again when
	// what is left was planned again.
	Begin(changes int)
	// Made is one of them made, for the resource with an id.
	Made(id string)
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
	if o.Keep == 0 {
		o.Keep = DefaultKeep
	}
	if o.Progress == nil {
		o.Progress = silence{}
	}
	return o
}

// limit is a context that ends when the run has taken too long.
func (o Options) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the run took longer than %s", o.Timeout))
}

// silence is the Progress of nobody.
type silence struct{}

func (silence) Begin(int)   {}
func (silence) Made(string) {}
