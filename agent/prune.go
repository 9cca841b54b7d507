package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file takes orphans back: what the agent itself has made of them, as the journal
// tells it, and nothing else. They are steps of the run like any other, judged,
// journalled and gated.

// A takenBack resource wants undone what earlier runs have made of a resource.
type takenBack struct {
	id   resources.ID
	made []pastChange
	runs string            // which runs those were
	kept map[string]string // what is left alone, to the id of the resource that has it now
}

// Plan is part of resources.Resource.
func (t *takenBack) Plan(_ context.Context, v node.View) (node.Plan, error) {
	all := node.Plan{}
	for _, what := range slices.Sorted(maps.Keys(t.kept)) {
		all.Notes = append(all.Notes, fmt.Sprintf("%s is left alone: it is %s now", what, t.kept[what]))
	}
	if len(t.made) == 0 {
		if len(t.kept) == 0 {
			all.Notes = []string{"it has left the manifest; nothing of it was made by this agent, as far as the journal tells, and nothing is taken back"}
		}
		return all, nil
	}
	all.Notes = append(all.Notes, "it has left the manifest: what "+t.runs+" made of it is taken back")
	for _, c := range slices.Backward(t.made) {
		plan, err := c.back(v.With(all.Changes...))
		var moved *node.MovedError
		if errors.As(err, &moved) {
			moved.Since = t.runs
			err = fmt.Errorf("somebody has changed it since: %w", err)
		}
		if err != nil {
			return all, fmt.Errorf("it has left the manifest, and is not taken back: %w", err)
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
	pasts, err := r.pastsOf(orphans, runs)
	if err != nil {
		return err
	}
	added := make([]*step, 0, len(orphans))
	for _, id := range orphans {
		s := &step{id: id, resource: r.takenBack(id, pasts[id.String()]), orphan: true}
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
	at := map[string]*step{} // by path
	for _, s := range steps {
		for _, name := range s.resource.(*takenBack).paths() {
			at[name] = s
		}
	}
	for name, s := range at {
		for dir := path.Dir(name); dir != "/" && dir != "."; dir = path.Dir(dir) {
			if above := at[dir]; above != nil && above != s && !slices.Contains(above.needs, s) {
				above.needs = append(above.needs, s)
			}
		}
	}
}

// paths is what was made that has a path.
func (t *takenBack) paths() []string {
	var list []string
	for _, c := range t.made {
		if s := c.subject(); s.Kind == node.OfPath {
			list = append(list, s.Name)
		}
	}
	return list
}

// pastsOf is what runs that still stand have made of orphans. What systemd runs of a
// unit goes with the unit, when nothing else needs that.
func (r *run) pastsOf(orphans []resources.ID, runs []*journal.Run) (map[string]*past, error) {
	of := map[string]string{}
	for _, id := range orphans {
		of[id.String()] = id.String()
		running := resources.ID{Type: runType, Name: id.Name}
		if id.Type == "unit" && r.step(running) == nil {
			of[running.String()] = id.String()
		}
	}
	others := slices.DeleteFunc(slices.Clone(runs), r.isInstall)
	return pastOf(others, func(id string) string { return of[id] })
}

// takenBack takes back what was made of an orphan, but for what another resource has
// now, by whatever name.
func (r *run) takenBack(id resources.ID, p *past) *takenBack {
	back := &takenBack{id: id, kept: map[string]string{}}
	if p == nil {
		return back
	}
	back.runs = named(p.runs)
	for _, c := range p.made {
		if owner := r.owners[c.subject()]; owner != nil {
			back.kept[c.subject().Name] = owner.id.String()
			continue
		}
		back.made = append(back.made, c)
	}
	return back
}

// isInstall says whether a run was one of install, whose manifest goes by a path in the
// state directory, while this one is not. A manifest may have drop-ins for the agent's
// own units; when they go, the units stay: uninstall takes those away.
func (r *run) isInstall(run *journal.Run) bool {
	return run.Manifest != whole(r.manifest.Path) && r.options.keeps(run.Manifest)
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
