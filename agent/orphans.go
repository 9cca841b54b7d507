package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is about orphans: resources that have left their manifest and are
// still on the node. They are reported. With --prune, what the agent itself has
// made of them is taken back, as the journal tells it, and nothing else: they are
// steps of the run like any other, judged, journalled and gated.

// orphans is the ids of a manifest's orphans. The runs of units go with what needed
// them.
func (m *memory) orphans(r *run) []resources.ID {
	path := whole(r.manifest.Path)
	var ids []resources.ID
	for text, t := range m.things {
		id := parseID(text)
		if t.Manifest == path && t.Declared != "" && id.Type != runType {
			if s := r.step(id); s == nil || s.orphan {
				ids = append(ids, id)
			}
		}
	}
	slices.SortFunc(ids, func(a, b resources.ID) int { return strings.Compare(a.String(), b.String()) })
	return ids
}

// step is the step of an id, nil when there is none.
func (r *run) step(id resources.ID) *step {
	i, found := slices.BinarySearchFunc(r.steps, &step{id: id}, byID)
	if !found {
		return nil
	}
	return r.steps[i]
}

// mindOrphans reports the orphans, or has them taken back.
func (r *run) mindOrphans() error {
	if r.memory == nil || r.memory.things == nil {
		return nil
	}
	orphans := r.memory.orphans(r)
	if len(orphans) == 0 {
		return nil
	}
	if r.options.Prune {
		return r.addOrphans(orphans)
	}
	for _, id := range orphans {
		r.report.Orphans = append(r.report.Orphans, id.String())
	}
	return nil
}

// A takenBack resource wants undone what earlier runs have made of a resource.
type takenBack struct {
	id   resources.ID
	made []node.Change // what they come to, by subject, in the order in which they were made
	runs string        // which runs those were
}

// Plan is part of resources.Resource.
func (t *takenBack) Plan(_ context.Context, v node.View) (node.Plan, error) {
	if len(t.made) == 0 {
		return node.Plan{Notes: []string{"it has left the manifest; nothing of it was made by this agent, as far as the journal tells, and nothing is taken back"}}, nil
	}
	for _, c := range t.made {
		if _, gone := c.(*node.TreeRemoval); gone {
			return node.Plan{Notes: []string{"it has left the manifest: nothing is left to be taken back: " + t.runs + " came to: " + c.Line()}}, nil
		}
	}
	all := node.Plan{Notes: []string{"it has left the manifest: what " + t.runs + " made of it is taken back"}}
	for _, c := range slices.Backward(t.made) {
		plan, err := node.Back(v.With(all.Changes...), c, false)
		var moved *node.MovedError
		if errors.As(err, &moved) {
			moved.Since = t.runs
		}
		if err != nil {
			return all, fmt.Errorf("it has left the manifest, and somebody has changed it since: it is not taken back: %w", err)
		}
		all.Changes, all.Notes = append(all.Changes, plan.Changes...), append(all.Notes, plan.Notes...)
	}
	return all, nil
}

// Judges is part of resources.Judged: those of its type rule on the node without it.
func (t *takenBack) Judges(v node.View) ([]node.Judge, error) {
	for _, kind := range resources.All {
		judged, ok := kind.New(t.id.Name).(resources.Judged)
		if kind.Name != t.id.Type || !ok {
			continue
		}
		if strings.HasPrefix(t.id.Name, "/") {
			if s, err := v.Lstat(t.id.Name); err != nil || s.Kind == node.Absent {
				return nil, err // nothing is left to rule on
			}
		}
		return judged.Judges(v)
	}
	return nil, nil
}

// addOrphans adds steps that take orphans back.
func (r *run) addOrphans(orphans []resources.ID) error {
	runs, err := r.log.journal.Runs()
	if err != nil {
		return err
	}
	var added []*step
	for _, id := range orphans {
		back, err := r.madeOf(id, runs)
		if err != nil {
			return err
		}
		s := &step{id: id, resource: back, orphan: true}
		switch id.Type {
		case "user":
			s.rank = lateUser
		case "group":
			s.rank = lateGroup
		}
		added = append(added, s)
	}
	contentsFirst(added)
	units, err := r.orphanRuns(added, runs)
	if err != nil {
		return err
	}
	r.steps = slices.Concat(r.steps, added, units)
	slices.SortFunc(r.steps, byID)
	return nil
}

// contentsFirst has what lies in a directory go before the directory.
func contentsFirst(steps []*step) {
	for _, dir := range steps {
		for _, s := range steps {
			if s != dir && s.isBelow(dir) {
				dir.needs = append(dir.needs, s)
			}
		}
	}
}

// isBelow says whether something of an orphan lies below a path of another.
func (s *step) isBelow(dir *step) bool {
	for _, c := range s.resource.(*takenBack).made {
		for _, above := range dir.resource.(*takenBack).made {
			if above.Subject().Kind == node.OfPath && c.Subject().Kind == node.OfPath && strings.HasPrefix(c.Subject().Name, above.Subject().Name+"/") {
				return true
			}
		}
	}
	return false
}

// madeOf is what runs that still stand have made of a resource, and of what systemd
// runs of it.
func (r *run) madeOf(id resources.ID, runs []*journal.Run) (*takenBack, error) {
	back := &takenBack{id: id}
	ids := []string{id.String()}
	if id.Type == "unit" && r.step(resources.ID{Type: runType, Name: id.Name}) == nil {
		ids = append(ids, resources.ID{Type: runType, Name: id.Name}.String())
	}
	at := map[node.Subject]int{}
	var by []int
	for _, run := range standing(runs) {
		for _, e := range run.Entries {
			if !e.Done || !slices.Contains(ids, e.Resource) {
				continue
			}
			c, err := run.Change(e)
			if err != nil {
				return nil, err
			}
			if i, seen := at[c.Subject()]; seen {
				back.made[i] = node.Join(back.made[i], c)
			} else {
				at[c.Subject()] = len(back.made)
				back.made = append(back.made, c)
			}
			if !slices.Contains(by, run.Number) {
				by = append(by, run.Number)
			}
		}
	}
	back.runs = named(by)
	return back, nil
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

func named(runs []int) string {
	text := make([]string, len(runs))
	for i, n := range runs {
		text[i] = fmt.Sprint(n)
	}
	switch len(text) {
	case 0:
		return ""
	case 1:
		return "run " + text[0]
	case 2, 3:
		return "runs " + strings.Join(text[:len(text)-1], ", ") + " and " + text[len(text)-1]
	}
	return fmt.Sprintf("%d runs, from %s to %s,", len(text), text[0], text[len(text)-1])
}

// orphanRuns is the runs of units which nothing in the manifest needs any more, that
// are orphans or load one: what systemd runs must follow from what is taken back.
func (r *run) orphanRuns(orphans []*step, runs []*journal.Run) ([]*step, error) {
	policies := map[string]resources.RunPolicy{}
	for _, run := range standing(runs) {
		var known []resources.RunPolicy
		if len(run.Units) > 0 {
			if err := json.Unmarshal(run.Units, &known); err != nil {
				return nil, fmt.Errorf("run %d: units: %w", run.Number, err)
			}
		}
		for _, p := range known {
			policies[p.Unit] = p
		}
	}
	var steps []*step
	for _, unit := range slices.Sorted(maps.Keys(policies)) {
		id := resources.ID{Type: runType, Name: unit}
		concerned := slices.ContainsFunc(orphans, func(s *step) bool {
			return s.id == resources.ID{Type: "unit", Name: unit} || slices.Contains(policies[unit].Loads, s.id.Name)
		})
		if !concerned || r.step(id) != nil {
			continue
		}
		s := &step{id: id, resource: resources.NewRunBack(policies[unit], nil), rank: lateRun, orphan: true}
		for _, o := range orphans {
			if o.rank == early {
				s.needs = append(s.needs, o)
			}
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// keepOrphans keeps which resources have left the manifest, and forgets those of
// which nothing was ever as declared.
func (r *run) keepOrphans(m *memory, now time.Time) {
	path := whole(r.manifest.Path)
	m.dropChecks(r)
	maps.DeleteFunc(m.things, func(text string, t *thing) bool {
		id := parseID(text)
		return t.Manifest == path && r.step(id) == nil && (t.Declared == "" || id.Type == runType || id.Type == "check")
	})
	for _, id := range m.orphans(r) {
		t := m.things[id.String()]
		if t.Drifted = nil; t.State != StateOrphaned {
			t.becomes(StateOrphaned, now)
			t.Why = "it has left its manifest"
		}
	}
}

// keepTakenBack forgets an orphan that was taken back.
func (r *run) keepTakenBack(m *memory, s *step, told *ResourceReport) {
	if s.cause = Intended; r.report.Rollback == nil && len(s.made) > 0 {
		m.Counters.change(s, len(s.made))
	}
	t := m.things[s.id.String()]
	switch {
	case t == nil:
	case (told.Outcome == OutcomeOK || told.Outcome == OutcomeChanged) && r.report.Mode == ModeApply:
		delete(m.things, s.id.String())
	case told.Error != "":
		t.Why = told.Error
	}
}

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
	first, last := map[string]int{}, map[string]int{}
	for _, run := range standing(runs) {
		for _, e := range run.Entries {
			if !managed[e.Resource] {
				continue
			}
			if first[e.Resource] == 0 {
				first[e.Resource] = run.Number
			}
			last[e.Resource] = run.Number
		}
	}
	needed := map[int]bool{}
	for id := range first {
		needed[first[id]], needed[last[id]] = true, true
	}
	return needed, nil
}
