package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file tells drift from intention. A resource that differs has drifted when
// its declaration is the one that was last converged: then it is the node that has
// moved. Otherwise the difference is intended. Drift that is corrected again and
// again is somebody's doing: such a resource is left alone, and reported.

// recall reads what is remembered, and leaves alone what somebody fights for. Who
// may not read it, as one who plans without privileges, does without.
func (r *run) recall() error {
	m, err := r.options.recall()
	if err == nil && !m.settled(whole(r.manifest.Path), r.manifest.Digest) {
		_, err = m.all()
	}
	if err != nil {
		if r.report.Mode == ModePlan && !r.options.Remember {
			return nil
		}
		return err
	}
	for _, text := range m.lost {
		r.report.note("%s", text)
	}
	r.memory = m
	for _, s := range r.steps {
		if t := m.things[s.id.String()]; t != nil && !r.options.Enforce {
			s.fought = t.Fought == r.manifest.Digest
		}
	}
	return nil
}

// findCauses says of each step that differs, or did, why, and what is fought for.
func (r *run) findCauses() error {
	if r.memory == nil || !slices.ContainsFunc(r.steps, (*step).differs) {
		return nil
	}
	err := r.tellCauses()
	if err == nil {
		r.noteFights()
	}
	return err
}

func (r *run) tellCauses() error {
	if r.memory == nil {
		return nil
	}
	things, err := r.memory.all()
	if err != nil {
		return err
	}
	for _, runs := range []bool{false, true} { // they follow from the others
		for _, s := range r.steps {
			if s.differs() && (s.id.Type == runType) == runs {
				r.findCause(s, things[s.id.String()])
			}
		}
	}
	return nil
}

// differs says whether the step has found something, whatever came of it.
func (s *step) differs() bool {
	return !s.orphan && len(s.plan.Changes)+len(s.plan.Differs)+len(s.made) > 0
}

func (r *run) findCause(s *step, known *thing) {
	s.cause = Intended
	if len(s.plan.Differs) > 0 || known != nil && !s.dueNow() && known.Declared != "" && known.Declared == r.declared(s) {
		s.cause = Drift
	}
	if s.id.Type != runType {
		return
	}
	for _, other := range r.readBy(s) {
		if !other.differs() || other.fought || other.audit {
			continue
		}
		if s.follows = true; other.cause == Intended {
			s.cause = Intended
			return
		}
	}
}

// dueNow says whether a step goes on with what takes days: it is time, not the node,
// that has moved.
func (s *step) dueNow() bool {
	return slices.ContainsFunc(slices.Concat(s.plan.Changes, s.made), func(c node.Change) bool {
		switch c.(type) {
		case *node.TreeMove, *node.TreeRemoval:
			return true
		}
		return false
	})
}

// declared is the digest of what a step declares. The run of a unit is declared by
// all that the unit reads.
func (r *run) declared(s *step) string {
	switch {
	case s.digest != "":
	case s.entry != nil:
		s.digest = s.entry.Digest()
	default:
		sum := sha256.New()
		for _, other := range r.readBy(s) {
			sum.Write([]byte(r.declared(other)))
		}
		s.digest = hex.EncodeToString(sum.Sum(nil))
	}
	return s.digest
}

// readBy is the declared resources that the run of a unit has looked at, or that
// need it, by id.
func (r *run) readBy(s *step) []*step {
	var list []*step
	for _, subject := range s.looked {
		if owner := r.owners[subject]; owner != nil && !strangers(s, owner) {
			list = append(list, owner)
		}
	}
	for _, need := range s.needs {
		if need.entry != nil {
			list = append(list, need)
		}
	}
	slices.SortFunc(list, byID)
	return slices.Compact(list)
}

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
