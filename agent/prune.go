package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
)

// This file takes orphans back: what the agent itself has made of them, as the journal
// tells it, and nothing else. They are steps of the run like any other, judged,
// journalled and gated.

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
		added = append(added, &step{id: id, resource: r.takenBack(id, pasts[id.String()]), rank: rankOfLeaving(resources.New(id)), orphan: true})
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

// pastsOf is what runs that still stand have made of orphans. What systemd runs of a
// unit goes with the unit, when nothing else needs that.
func (r *run) pastsOf(orphans []resources.ID, runs []*journal.Run) (map[string]*past, error) {
	of := map[string]string{}
	for _, id := range orphans {
		of[id.String()] = id.String()
		running := resources.ID{Type: runType, Name: unitOf(resources.New(id))}
		if running.Name != "" && r.step(running) == nil {
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
			return unitOf(resources.New(s.id)) == unit || slices.Contains(policies[unit].Loads, s.id.Name)
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
