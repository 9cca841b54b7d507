package agent

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
)

// This file is about orphans: resources that have left their manifest and are
// still on the node. They are reported, and with --prune taken back (prune.go).

// orphans is the ids of a manifest's orphans. The runs of units go with what needed
// them.
func (m *memory) orphans(r *run) []resources.ID {
	path := whole(r.manifest.Path)
	var ids []resources.ID
	for text, t := range m.things {
		id := parseID(text)
		if t.Manifest == path && t.Declared != "" && !t.Gone && id.Type != runType && t.heir(path) == "" {
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
	if err := r.findMade(r.memory); err != nil {
		return err
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

// keepOrphans keeps which resources have left the manifest. Those that another
// manifest has go to that one; forgotten are those of which nothing was made or ever
// as declared, and those that were declared absent: nothing is left of them.
func (r *run) keepOrphans(m *memory, now time.Time) error {
	path := whole(r.manifest.Path)
	m.dropChecks(r)
	if r.report.Mode == ModeApply {
		if err := r.findMade(m); err != nil {
			return err
		}
		for text, t := range m.things {
			if r.step(parseID(text)) == nil {
				m.leaves(t, path)
			}
		}
		maps.DeleteFunc(m.things, func(text string, t *thing) bool {
			id := parseID(text)
			return t.Manifest == path && r.step(id) == nil && (t.Declared == "" || t.Gone || id.Type == runType || probes(resources.New(id)))
		})
	}
	for _, id := range m.orphans(r) {
		t := m.things[id.String()]
		if t.Drifted = nil; t.State != StateOrphaned {
			t.becomes(StateOrphaned, now)
			t.Why = "it has left its manifest"
		}
	}
	return nil
}

// findMade finds the resources that have left the manifest and were never as
// declared, as far as is known, and of which runs have made something all the same:
// they had failed half-way, or had been cut short or taken back.
func (r *run) findMade(m *memory) error {
	left := map[string]string{}
	for text, t := range m.things {
		if id := parseID(text); t.Manifest == whole(r.manifest.Path) && t.Declared == "" && id.Type != runType && r.step(id) == nil {
			left[text] = text
		}
	}
	if len(left) == 0 {
		return nil
	}
	runs, err := r.options.journal().Runs()
	if err != nil {
		return err
	}
	pasts, err := pastOf(runs, func(id string) string { return left[id] })
	for id := range pasts {
		m.things[id].Declared = "made in part"
	}
	return err
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
