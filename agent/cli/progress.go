package cli

import (
	"time"

	"github.com/makenotwork/mnw-agent/agent"
)

// patience is how long a run is silent before it tells how far it is.
const patience = time.Second

// A teller tells how far a long run is: a line for each change that is made.
type teller struct {
	a           *app
	began       time.Time
	done, total int
}

func (a *app) progress() agent.Progress { return &teller{a: a, began: time.Now()} }

// Begin is part of agent.Progress.
func (t *teller) Begin(changes int) { t.done, t.total = 0, changes }

// Made is part of agent.Progress.
func (t *teller) Made(id string) {
	t.done++
	t.total = max(t.total, t.done) // there may turn out to be more to do
	if time.Since(t.began) >= patience {
		t.a.printProgress(id, t.done, t.total)
	}
}
