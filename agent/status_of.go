package agent

import (
	"cmp"
	"maps"
	"slices"
)

// StatusOf is what is known of a node, from its state directory alone. Where there
// is none yet, nothing is.
func StatusOf(o Options) (*Status, error) {
	o = o.withDefaults()
	m, err := o.recall()
	if err != nil {
		return nil, err
	}
	things, err := m.all()
	if err != nil {
		return nil, err
	}
	s := &Status{
		Version: 1, InProgress: locked(o.StateDir), Manifests: []ManifestStatus{}, Runs: []RunStatus{}, Resources: []ResourceStatus{},
		Units: []UnitStatus{}, Checks: []CheckStatus{}, Outage: m.Outage, Counters: m.Counters, Notes: append([]string{}, m.lost...),
	}
	for _, mode := range slices.Sorted(maps.Keys(m.Runs)) {
		s.Runs = append(s.Runs, m.Runs[mode])
	}
	for _, id := range slices.Sorted(maps.Keys(things)) {
		s.addThing(id, things[id])
	}
	for _, name := range slices.Sorted(maps.Keys(m.Checks)) {
		s.Checks = append(s.Checks, m.Checks[name])
	}
	holds, err := o.holds()
	if err != nil {
		s.Notes = append(s.Notes, err.Error())
	}
	s.addManifests(m, holds)
	return s, nil
}

func (s *Status) addThing(text string, t *thing) {
	id := parseID(text)
	one := ResourceStatus{
		ID: text, Type: id.Type, Name: id.Name, Manifest: t.Manifest, State: t.State, Drifted: t.Drifted != nil,
		Since: cmp.Or(t.Drifted, t.Since), Corrected: t.Corrected, Why: t.Why,
	}
	s.Resources = append(s.Resources, one)
	if id.Type == runType {
		s.Units = append(s.Units, UnitStatus{Unit: id.Name, Manifest: t.Manifest, Stale: append(t.Stale[:0:0], t.Stale...)})
	}
}

// addManifests adds the manifests that have something on the node, or are held.
func (s *Status) addManifests(m *memory, holds []Hold) {
	has := map[string]int{}
	for i := range s.Resources {
		has[s.Resources[i].Manifest]++
	}
	for _, path := range slices.Sorted(maps.Keys(m.Manifests)) {
		one := ManifestStatus{Path: path, Digest: m.Manifests[path].Digest, Ran: m.Manifests[path].Ran, Resources: has[path]}
		for _, h := range holds {
			if h.about(path, one.Digest) {
				one.Held = &h
			}
		}
		if one.Held != nil || one.Resources > 0 {
			s.Manifests = append(s.Manifests, one)
		}
	}
}

// Count is how many resources are in a state.
func (s *Status) Count(state ResourceState) int {
	n := 0
	for i := range s.Resources {
		if s.Resources[i].State == state {
			n++
		}
	}
	return n
}

// Run is the last run of a mode, nil when there was none.
func (s *Status) Run(mode Mode) *RunStatus {
	i := slices.IndexFunc(s.Runs, func(r RunStatus) bool { return r.Mode == mode })
	if i < 0 {
		return nil
	}
	return &s.Runs[i]
}
