package agent

import (
	"path"
	"reflect"
	"sync"

	"github.com/hashicorp/go-multierror"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is the edges that nobody states: parents come before what lies in
// them, users and groups before what names them, and other things before what
// says that it needs them.

// implied adds the edges that follow from what a resource is.
func (g *graph) implied(s *step) {
	if owner, ok := s.resource.(resources.Owner); ok {
		for _, subject := range owner.Owns() {
			if subject.Kind != node.OfPath {
				continue
			}
			if above := g.nearest(path.Dir(subject.Name)); above != nil {
				g.edge(s, above, true)
			}
		}
	}
	for _, subject := range namesIn(s.resource) {
		if owner := g.makerOf(subject); owner != nil {
			g.edge(s, owner, true)
		}
	}
	if needer, ok := s.resource.(resources.Needer); ok {
		for _, subject := range needer.Needs() {
			if owner := g.makerOf(subject); owner != nil {
				g.edge(s, owner, false)
			}
		}
	}
}

// makerOf is the step that decides about a subject, nil when none does. A group
// that nobody declares comes with the new user of its name.
func (g *graph) makerOf(subject node.Subject) *step {
	if owner := g.owners[subject]; owner != nil || subject.Kind != node.OfGroup {
		return owner
	}
	user := g.owners[node.Subject{Kind: node.OfUser, Name: subject.Name}]
	if user == nil || departs(user) {
		return nil
	}
	return user
}

// nearest is the owner of a directory, or of the nearest one above it.
func (g *graph) nearest(dir string) *step {
	if s, ok := g.near[dir]; ok {
		return s
	}
	s := g.owners[node.Subject{Kind: node.OfPath, Name: dir}]
	if s == nil && dir != "/" {
		s = g.nearest(path.Dir(dir))
	}
	g.near[dir] = s
	return s
}

// edge lets s come after what it needs, or before it when that goes away. What
// stays cannot lie in, or belong to, what goes away.
func (g *graph) edge(s, need *step, strict bool) {
	switch {
	case s == need:
	case !departs(need):
		s.needs = append(s.needs, need)
	case strict && !departs(s) && s.id.Type != runType:
		g.errs = multierror.Append(g.errs, wrong(s.pos, "%s needs %s, which is declared absent (%s)", s.id, need.id, need.pos))
	default:
		need.needs = append(need.needs, s)
	}
}

func departs(s *step) bool {
	d, ok := s.resource.(resources.Departer)
	return ok && d.Departs()
}

// namesIn is the users and groups that the fields of a declaration name.
func namesIn(r resources.Resource) []node.Subject {
	value := reflect.ValueOf(r).Elem()
	var names []node.Subject
	for _, f := range nameFields(value.Type()) {
		if name := value.FieldByIndex(f.index).String(); name != "" {
			names = append(names, node.Subject{Kind: f.kind, Name: name})
		}
	}
	return names
}

type nameField struct {
	index []int
	kind  node.SubjectKind
}

var nameFieldsOf sync.Map // reflect.Type to []nameField

func nameFields(t reflect.Type) []nameField {
	if fields, ok := nameFieldsOf.Load(t); ok {
		return fields.([]nameField)
	}
	var fields []nameField
	for _, f := range reflect.VisibleFields(t) {
		switch f.Type {
		case reflect.TypeFor[resources.UserName]():
			fields = append(fields, nameField{f.Index, node.OfUser})
		case reflect.TypeFor[resources.GroupName]():
			fields = append(fields, nameField{f.Index, node.OfGroup})
		}
	}
	nameFieldsOf.Store(t, fields)
	return fields
}
