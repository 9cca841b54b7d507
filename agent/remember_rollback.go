package agent

import (
	"time"
)

// This file is what a roll-back leaves in the memory.

// rememberRollback keeps that what a roll-back has taken back is no longer as any
// manifest has it.
func (r *maker) rememberRollback() error {
	return r.options.update(nil, func(m *memory) error {
		now := time.Now().UTC()
		m.ended(r.report, now)
		things, err := m.all()
		if err != nil {
			return err
		}
		m.manifest(r.report.Manifest).Settled = false
		for id := range r.report.takenBack() {
			t := things[id]
			if t == nil { // it was forgotten, and is there again
				things[id] = &thing{Manifest: r.report.Manifest, Declared: "brought back", State: StateOrphaned, Since: &now, Why: "it was brought back"}
				continue
			}
			m.manifest(t.Manifest).Settled = false
			t.Declared, t.Drifted, t.Fought, t.Corrected, t.Why, t.Gone = "", nil, "", nil, "it was taken back", false
			t.becomes(StatePending, now)
		}
		return nil
	})
}

// takenBack is the ids of the resources of which a roll-back has changed something.
func (r *Report) takenBack() map[string]bool {
	ids := map[string]bool{}
	add := func(list []ResourceReport) {
		for i := range list {
			if list[i].Made > 0 {
				ids[list[i].ID] = true
			}
		}
	}
	add(r.Resources)
	for _, back := range []*RollbackReport{r.Rollback, r.Recovered} {
		if back != nil {
			add(back.Resources)
		}
	}
	return ids
}
