package resources

import (
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// Import is part of Importer. What would be refused of what is granted is declared to
// be meant, and told. The mode says nothing about secrets here: 0440 is what sudo wants.
func (s *Sudoers) Import(v node.View) ([]string, error) {
	now, err := found(v, s.path(), node.File)
	if err != nil {
		return nil, err
	}
	notes, err := s.Text.importsOpen(v, s.path(), now)
	if err != nil {
		return nil, err
	}
	l := s.lint(v)
	for range roundLimit {
		for _, refusal := range l.refusals {
			if note := "is this meant? " + refusal; !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
		if len(l.absent)+len(l.gained) == 0 {
			break
		}
		s.accept(l)
		l = s.lint(v)
	}
	return notes, nil
}

// accept declares that what a lint refuses is meant, as far as that can be declared.
func (s *Sudoers) accept(l *lint) {
	s.AcceptMissing = append(s.AcceptMissing, l.absent...)
	for _, e := range l.gained {
		if s.AcceptGain == nil {
			s.AcceptGain = map[string][]string{}
		}
		who := e.who[0].as
		for _, g := range e.gains {
			if !slices.Contains(s.AcceptGain[who], g.as) {
				s.AcceptGain[who] = append(s.AcceptGain[who], g.as)
			}
		}
	}
}
