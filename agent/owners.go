package agent

import (
	"maps"
	"os"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
)

// This file is whose a thing is, when several manifests of a node have it.

// moves makes a thing that of a manifest. The one that had it has it still, unless it
// has let go of it.
func (t *thing) moves(path string) {
	if t.State != StateOrphaned {
		if t.Also == nil {
			t.Also = map[string]string{}
		}
		t.Also[t.Manifest] = t.Declared
	}
	t.Manifest = path
	delete(t.Also, path)
}

// others is the other manifests that have a thing, and are still there.
func (t *thing) others(path string) []string {
	all := append(slices.Collect(maps.Keys(t.Also)), t.Manifest)
	slices.Sort(all)
	return slices.DeleteFunc(all, func(other string) bool {
		_, err := os.Stat(other)
		return other == path || err != nil
	})
}

// heir is the manifest that has a thing when one has it no more; "" for none.
func (t *thing) heir(path string) string {
	if others := t.others(path); len(others) > 0 {
		return others[0]
	}
	return ""
}

// leaves lets a thing leave a manifest: one that another has is that one's.
func (m *memory) leaves(t *thing, path string) {
	heir := t.heir(path)
	delete(t.Also, path)
	if t.Manifest != path || heir == "" {
		return
	}
	t.Manifest, t.Declared = heir, t.Also[heir]
	delete(t.Also, heir)
	m.manifest(heir).Settled = false
}

// rememberCut remembers what a run has made that was cut short and that no other goes
// on with, so that it is known when it has left its manifest.
func (r *run) rememberCut(open *journal.Run) error {
	return r.options.update(nil, func(m *memory) error {
		things, err := m.all()
		if err != nil {
			return err
		}
		now := time.Now().UTC()
		for _, e := range open.Entries {
			kind := parseID(e.Resource).Type
			if things[e.Resource] == nil && e.Begun && kind != runType && kind != stopType {
				things[e.Resource] = &thing{Manifest: open.Manifest, State: StatePending, Since: &now, Why: "the run that began with it was cut short"}
				m.manifest(open.Manifest).Settled = false
			}
		}
		return nil
	})
}
