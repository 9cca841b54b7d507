package agent

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file says which runs the journal must keep, however many there are, so that
// --prune knows what the agent has made.

// needed is the runs that the journal must keep however many there are: for each
// resource that is remembered, or that one of the newest runs has changed, the first
// that has made something of it, and the last.
func (o Options) needed(runs []*journal.Run) (map[int]bool, error) {
	m, err := o.recall()
	if err != nil {
		return nil, err
	}
	things, err := m.all()
	if err != nil {
		return nil, err
	}
	managed := map[string]bool{}
	for text := range things {
		id := parseID(text)
		managed[text], managed[resources.ID{Type: runType, Name: id.Name}.String()] = true, true
	}
	for _, run := range runs[:min(o.Keep, len(runs))] {
		for _, e := range run.Entries {
			managed[e.Resource] = true
		}
	}
	return needed(runs, managed)
}

// needed is the runs without which it could not be told any more what the others
// have made of the resources that are managed.
func needed(runs []*journal.Run, managed map[string]bool) (map[int]bool, error) {
	stretches, backs := map[string]*stretch{}, map[string][]int{}
	needed := map[int]bool{}
	of := map[string][]int{} // the runs that tell of a subject
	for _, run := range standing(runs) {
		for _, e := range run.Entries {
			subject, content, err := node.Brief(e.Change)
			if err != nil {
				return nil, fmt.Errorf("run %d, change %d: %w", run.Number, e.Number, err)
			}
			key := e.Resource + "\x00" + subject
			switch of[key] = append(of[key], run.Number); {
			case e.Back && e.Done:
				delete(stretches, key)
				backs[key] = append(backs[key], run.Number)
			case managed[e.Resource] && (stretches[key] != nil || !e.Restores && !e.Back):
				if stretches[key] == nil {
					stretches[key] = &stretch{first: run.Number}
				}
				stretches[key].add(run.Number, e, content)
			}
		}
	}
	for _, s := range stretches {
		s.keep(needed)
	}
	for key, took := range backs { // else what they took back would count again
		for _, run := range took {
			needed[run] = needed[run] || slices.ContainsFunc(of[key], func(made int) bool { return made < run && needed[made] })
		}
	}
	return needed, nil
}

// A stretch is the runs that are needed of one subject: the first, the last, the first
// and the last that tell its content, those between which others came to share it,
// and for users and groups all, of which each tells something else.
type stretch struct {
	first, last               int
	firstContent, lastContent int
	more                      []int
}

func (s *stretch) add(run int, e journal.Entry, content bool) {
	if e.Shared {
		s.more = append(s.more, s.last, run)
	}
	if kind := parseID(e.Resource).Type; kind == "user" || kind == "group" {
		s.more = append(s.more, run)
	}
	if content {
		s.firstContent, s.lastContent = cmp.Or(s.firstContent, run), run
	}
	s.last = run
}

func (s *stretch) keep(needed map[int]bool) {
	for _, run := range append(s.more, s.first, s.last, s.firstContent, s.lastContent) {
		needed[run] = true
	}
}
