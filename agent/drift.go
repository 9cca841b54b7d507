package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file tells drift from intention. A resource that differs has drifted when
// its declaration is the one that was last converged: then it is the node that has
// moved. Otherwise the difference is intended.

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
