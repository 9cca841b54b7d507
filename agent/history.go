package agent

import (
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
)

// A PastRun is what the journal knows of a run.
type PastRun struct {
	Run      int       `json:"run"`
	Mode     Mode      `json:"mode"`
	Manifest string    `json:"manifest"`
	Digest   string    `json:"digest"`
	Started  time.Time `json:"started"`
	Result   string    `json:"result"`              // how it ended; "cut short" when it did not, "under way" while it has not
	Changes  int       `json:"changes"`             // that were made
	Of       int       `json:"of,omitempty"`        // the run that it took back
	Because  string    `json:"because,omitempty"`   // why it did
	UndoneBy int       `json:"undone_by,omitempty"` // the run that took it back
}

// A PastChange is one change of a past run. Secrets do not show in it.
type PastChange struct {
	Resource string `json:"resource"`
	Line     string `json:"line"`
	Diff     string `json:"diff,omitempty"`
	Made     string `json:"made"` // yes, no, or perhaps: it was in hand when the run died, or power was lost
}

// History is the runs in the journal, the newest first.
func History(o Options) ([]PastRun, error) {
	o = o.withDefaults()
	busy := locked(o.StateDir) // asked first: what ends in between has ended
	runs, err := o.journal().Runs()
	if err != nil {
		return nil, err
	}
	undone := undone(runs)
	past := make([]PastRun, 0, len(runs))
	for _, run := range runs {
		past = append(past, pastRun(run, undone))
	}
	if len(runs) > 0 && runs[0].End == nil && busy {
		past[0].Result = "under way"
	}
	return past, nil
}

// HistoryOf is one run of the journal with its changes, in the order in which
// they were made.
func HistoryOf(number int, o Options) (PastRun, []PastChange, error) {
	j := o.withDefaults().journal()
	run, err := j.Read(number)
	if err != nil {
		return PastRun{}, nil, err
	}
	runs, err := j.Runs()
	if err != nil {
		return PastRun{}, nil, err
	}
	changes := []PastChange{}
	for _, e := range run.Entries {
		c, err := run.Change(e)
		if err != nil {
			return PastRun{}, nil, err
		}
		changes = append(changes, PastChange{e.Resource, c.Line(), unified(c.Diff()), wasMade(e)})
	}
	return pastRun(run, undone(runs)), changes, nil
}

func pastRun(run *journal.Run, undone map[int]int) PastRun {
	p := PastRun{
		Run: run.Number, Mode: Mode(run.Mode), Manifest: run.Manifest, Digest: run.Digest, Started: run.Started,
		Result: "cut short", Of: run.Of, Because: run.Because, UndoneBy: undone[run.Number],
	}
	switch {
	case run.Damaged != nil:
		p.Result, p.Because = "damaged", run.Damaged.Error()
	case run.End != nil:
		p.Result = run.End.Result
	}
	for _, e := range run.Entries {
		if e.Done {
			p.Changes++
		}
	}
	return p
}

func wasMade(e journal.Entry) string {
	switch {
	case e.Done:
		return "yes"
	case e.Begun, e.Perhaps:
		return "perhaps"
	}
	return "no"
}
