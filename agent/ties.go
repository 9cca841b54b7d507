package agent

import (
	"path"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is what keeps two steps in the order in which they were planned: that one
// needs the other, or that one changes what the other has looked at.

// A reach tells whether steps need one of a growing set, directly or through others.
type reach struct {
	set  map[*step]bool
	none map[*step]bool // those that are known not to
}

func newReach(set map[*step]bool) *reach { return &reach{set, map[*step]bool{}} }

func (r *reach) forget() { clear(r.none) }

func (r *reach) needs(s *step) bool {
	for _, need := range s.needs {
		if r.set[need] || !r.none[need] && r.needs(need) {
			return true
		}
	}
	r.none[s] = true
	return false
}

// ties are what some steps change and have looked at. Who looked at what another one
// changes is bound to it: the two are made in the order in which they were planned.
type ties struct {
	changed upheaval
	looked  map[node.Subject]bool // with the directories above
}

func newTies() *ties { return &ties{upheaval{}, map[node.Subject]bool{}} }

// add adds a step, as far as it makes these changes.
func (t *ties) add(s *step, changes []node.Change) {
	part := *s
	part.plan.Changes = changes
	t.changed.add(&part)
	for _, subject := range slices.Concat(s.looked, subjects(changes)) {
		t.looked[subject] = true
		if subject.Kind != node.OfPath {
			continue
		}
		for dir := path.Dir(subject.Name); dir != "/" && dir != "."; dir = path.Dir(dir) {
			t.looked[node.Subject{Kind: node.OfPath, Name: dir}] = true
		}
	}
}

// bind says whether a step is bound to one that was added.
func (t *ties) bind(s *step, changes []node.Change) bool {
	if t.changed.disturber(nil, s.looked) != nil || t.changed.disturber(nil, subjects(changes)) != nil {
		return true
	}
	part := *s
	part.plan.Changes = changes
	own := upheaval{}
	own.add(&part)
	for subject := range own {
		if t.looked[subject] {
			return true
		}
	}
	return false
}

// disturb says whether a path changes that the step has looked at.
func (t *ties) disturb(s *step) bool {
	paths := slices.DeleteFunc(slices.Clone(s.looked), func(subject node.Subject) bool { return subject.Kind != node.OfPath })
	return t.changed.disturber(nil, paths) != nil
}
