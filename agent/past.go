package agent

import (
	"errors"
	"fmt"
	"slices"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file finds in the journal what runs that still stand have made of a
// resource, and what others have done in between.

// A past is what runs have made of one resource.
type past struct {
	made []pastChange // by subject, in the order in which they were first made
	runs []int        // which runs those were
}

// A pastChange is what the changes of one subject come to.
type pastChange struct {
	sure node.Change // those that were made; nil for none
	// perhaps is with one more, that was in hand when its run was cut short and may
	// have been made: then the node shows it.
	perhaps node.Change
	shared  bool // see node.Shared
	byLine  bool // see node.BackAmid
}

// byLine says whether what a resource manages is kept line by line, between those of
// others.
func byLine(id resources.ID) bool {
	_, ok := resources.New(id).(resources.ByLine)
	return ok
}

func (c pastChange) subject() node.Subject {
	if c.sure != nil {
		return c.sure.Subject()
	}
	return c.perhaps.Subject()
}

// pastOf is the pasts of resources. The key of what an id in the journal belongs to
// is told by of, "" for what is of no interest.
func pastOf(runs []*journal.Run, of func(id string) string) (map[string]*past, error) {
	all := map[string]*past{}
	for _, run := range standing(runs) {
		for _, e := range run.Entries {
			key := of(e.Resource)
			if key == "" || !e.Begun {
				continue
			}
			c, err := run.Change(e)
			if err != nil {
				return nil, err
			}
			if all[key] == nil {
				all[key] = &past{}
			}
			all[key].add(c, e, run)
		}
	}
	return all, nil
}

// add adds a change that was made, or was in hand when its run was cut short.
func (p *past) add(c node.Change, e journal.Entry, run *journal.Run) {
	i := slices.IndexFunc(p.made, func(other pastChange) bool { return other.subject() == c.Subject() })
	switch {
	case i < 0 && (e.Restores || e.Back):
		return // it was as declared before the agent had made anything of it
	case e.Back && e.Done:
		p.made = slices.Delete(p.made, i, i+1)
		return
	}
	if i < 0 {
		i = len(p.made)
		p.made = append(p.made, pastChange{})
	}
	if !slices.Contains(p.runs, run.Number) {
		p.runs = append(p.runs, run.Number)
	}
	one := &p.made[i]
	one.byLine = byLine(parseID(e.Resource))
	before := one.before(c)
	if !e.Done {
		one.perhaps, _ = one.join(before, c)
		return
	}
	one.perhaps = nil
	var apart bool
	if one.sure, apart = one.join(before, c); e.Shared && !apart {
		one.shared = true
	}
}

// before is what was made before a change.
func (c *pastChange) before(next node.Change) node.Change {
	if c.perhaps != nil && node.Leads(c.perhaps, next) {
		return c.perhaps
	}
	return c.sure
}

// join is what two changes come to, and whether that is the agent's alone.
func (c *pastChange) join(before, next node.Change) (node.Change, bool) {
	switch {
	case before == nil:
		return next, true
	case c.byLine:
		return node.JoinAmid(before, next)
	}
	return node.Join(before, next), false
}

// back plans the way back from what was made of a subject. What others have come to
// share is left to them.
func (c pastChange) back(v node.View) (node.Plan, error) {
	plan, err := c.wayBack(v)
	if err == nil && c.shared && len(plan.Changes) > 0 {
		err = fmt.Errorf("others have changed it between those runs, and it still has what they did: %s would take that along: take out by hand what is not wanted", plan.Changes[0].Line())
	}
	return plan, err
}

func (c pastChange) wayBack(v node.View) (node.Plan, error) {
	if c.perhaps != nil {
		plan, err := node.Back(v, c.perhaps, false)
		switch {
		case err == nil:
			return plan, nil
		case c.sure == nil && node.Halfway(v, c.perhaps):
			return node.Back(v, c.perhaps, true)
		case c.sure == nil:
			return node.Plan{}, nil // it was not made
		}
	}
	if c.byLine {
		return node.BackAmid(v, c.sure)
	}
	plan, err := node.Back(v, c.sure, false)
	var moved *node.MovedError
	if kind := c.subject().Kind; c.perhaps != nil && errors.As(err, &moved) && (kind == node.OfUser || kind == node.OfGroup) {
		return node.Back(v, c.perhaps, true) // half-way
	}
	return plan, err
}

// findShared finds of which changes others have come to share what runs had made
// before. The journal is read only where somebody else's lines may be kept.
func (l *log) findShared(entries []journal.Entry, changes []node.Change) error {
	edited := map[string]string{}
	for i, c := range changes {
		if id := entries[i].Resource; node.Edits(c) {
			edited[id] = id
		}
	}
	if len(edited) == 0 {
		return nil
	}
	runs, err := l.journal.Runs()
	if err != nil {
		return err
	}
	pasts, err := pastOf(runs, func(id string) string { return edited[id] })
	for i, c := range changes {
		entries[i].Shared = pasts[entries[i].Resource].shares(c)
	}
	return err
}

// shares says whether others have come to share the subject of a change.
func (p *past) shares(c node.Change) bool {
	if p == nil {
		return false
	}
	i := slices.IndexFunc(p.made, func(other pastChange) bool { return other.subject() == c.Subject() })
	if i < 0 {
		return false
	}
	before := p.made[i].before(c)
	return before != nil && node.Shared(before, c)
}
