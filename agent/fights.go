package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is drift that is corrected again and again, which is somebody's doing: such a
// resource is left alone, and reported.

// noteFights says of resources that are being fought for that they are, and of those
// that other manifests have, which ones.
func (r *run) noteFights() {
	limit := r.manifest.Fighting
	for _, s := range r.steps {
		known := r.memory.things[s.id.String()]
		if known == nil || !s.differs() {
			continue
		}
		s.plan.Notes = append(s.plan.Notes, r.rivals(known)...)
		switch {
		case s.fought:
			s.plan.Notes = append(s.plan.Notes, "it is left as it is: somebody changes it again and again"+history(known)+": find out who, or apply --enforce")
		case r.starts(s, known):
			s.plan.Notes = append(s.plan.Notes, fmt.Sprintf("somebody changes it again and again: it was corrected %s within %s, and is only reported from now on, until the manifest changes or apply --enforce",
				times(int(limit.Corrections)), limit.Within))
		}
	}
}

// starts says whether a correction makes a fight.
func (r *run) starts(s *step, known *thing) bool {
	limit := r.manifest.Fighting
	before := 0
	if r.unchanged() && !r.options.Enforce {
		before = len(recent(known.Corrected, limit))
	}
	return r.corrected(s) && limit.Corrections > 0 && before+1 >= int(limit.Corrections)
}

// rivals tells of the other manifests that have a thing: who is applied last has its
// way.
func (r *run) rivals(t *thing) []string {
	others := t.others(whole(r.manifest.Path))
	if len(others) == 0 {
		return nil
	}
	return []string{"it is in " + strings.Join(others, " and in ") + ", too: the one that is applied last has its way"}
}

// unchanged says whether the manifest is what it was when it was last applied.
func (r *run) unchanged() bool {
	last := r.memory.Manifests[whole(r.manifest.Path)]
	return last != nil && last.Applied == r.manifest.Digest
}

// history is how often a thing was corrected of late.
func history(t *thing) string {
	if len(t.Corrected) == 0 {
		return ""
	}
	last := t.Corrected[len(t.Corrected)-1]
	return fmt.Sprintf(" (it was corrected %s, last at %s)", times(len(t.Corrected)), last.Local().Format(time.DateTime))
}

// corrected says whether drift of a step was corrected in this run, for its own
// sake; that somebody was there again before the closing proof makes no difference. A
// unit that takes up files as they are now fights with nobody, whoever has changed
// them; one that was started or stopped does.
func (r *run) corrected(s *step) bool {
	if s.state != made && s.left == nil || s.reverted || s.cause != Drift || s.follows {
		return false
	}
	return s.id.Type != runType || slices.ContainsFunc(s.made, func(c node.Change) bool {
		action, ok := c.(*node.UnitAction)
		return ok && (action.Verb == node.StartUnit || action.Verb == node.StopUnit)
	})
}

// recent is the corrections that count. One that lies further ahead than behind is
// of a clock that was wrong.
func recent(all []time.Time, limit manifests.Fighting) []time.Time {
	within := time.Duration(limit.Within)
	return slices.DeleteFunc(slices.Clone(all), func(t time.Time) bool {
		ago := time.Since(t)
		return ago > within || ago < -within
	})
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
