package agent

import (
	"errors"
	"fmt"
	"slices"

	"github.com/makenotwork/mnw-agent/agent/journal"
)

// This file finds in the journal what is to be taken back, and what is already.

// find is the run to take back.
func (r *run) find(number int) (*journal.Run, error) {
	runs, err := r.log.journal.Runs()
	if err != nil {
		return nil, err
	}
	undone := undone(runs)
	if number == 0 {
		for _, run := range runs {
			if run.Mode == journal.Apply && undone[run.Number] == 0 && len(run.Entries) > 0 {
				return run, nil
			}
		}
		return nil, errors.New("there is no run in the journal to take back")
	}
	if by := undone[number]; by != 0 {
		return nil, fmt.Errorf("run %d is taken back already, by run %d: to bring it back, take that one back", number, by)
	}
	return r.log.journal.Read(number)
}

// failedAttempt is the last way back from a run, if that failed, nil otherwise.
func (r *run) failedAttempt(from *journal.Run) (*journal.Run, error) {
	runs, err := r.log.journal.Runs()
	for _, run := range runs {
		if run.Mode == journal.Rollback && run.Of == from.Number {
			if run.End != nil && !succeeded(run) {
				return run, err
			}
			break
		}
	}
	return nil, err
}

// succeeded says whether a way back came to its end, and all of it was made.
func succeeded(back *journal.Run) bool {
	return back.End != nil && back.End.Result != string(Failed) && back.End.Result != string(RollbackFailed)
}

// undone is the runs that are taken back, each with the run that did it. One that
// took another back and was taken back itself counts for nothing, and so does one
// that did not get to its end, or failed: it can be made again. The newest run
// comes first.
func undone(runs []*journal.Run) map[int]int {
	by := map[int]int{}
	for _, run := range runs {
		if run.Mode == journal.Rollback && succeeded(run) && by[run.Number] == 0 && by[run.Of] == 0 {
			by[run.Of] = run.Number
		}
	}
	return by
}

// standing is the runs that were not taken back, the oldest first.
func standing(runs []*journal.Run) []*journal.Run {
	undone := undone(runs)
	var list []*journal.Run
	for _, run := range slices.Backward(runs) {
		if run.Mode == journal.Apply && run.Damaged == nil && undone[run.Number] == 0 {
			list = append(list, run)
		}
	}
	return list
}
