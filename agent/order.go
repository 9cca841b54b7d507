package agent

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"sync"

	"github.com/hashicorp/go-multierror"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// order makes the steps of a manifest, sorted by id, and the edges between
// them: those that `after:` states, and those that follow from what a resource
// owns and needs. What goes away goes in the opposite order.
func order(m *manifests.Manifest) (*graph, error) {
	g := &graph{owners: make(map[node.Subject]*step, len(m.Entries)), near: map[string]*step{}}
	g.steps = make([]*step, 0, len(m.Entries))
	for i := range m.Entries {
		g.add(&m.Entries[i])
	}
	g.addRuns()
	slices.SortFunc(g.steps, byID)
	for _, s := range g.steps {
		g.implied(s)
	}
	for i := range m.Entries {
		g.stated(&m.Entries[i])
	}
	if g.errs != nil {
		return nil, g.errs
	}
	return g, cycles(g.steps)
}

// Check says whether the resources of a manifest can be put in an order. It
// looks at no node.
func Check(m *manifests.Manifest) error {
	_, err := order(m)
	return err
}

// A graph is the steps while their edges are being found.
type graph struct {
	steps  []*step // by id
	owners map[node.Subject]*step
	near   map[string]*step // the owner of a directory or of the nearest one above
	errs   *multierror.Error
}

func (g *graph) add(e *manifests.Entry) {
	s := &step{id: e.ID, pos: e.Pos, resource: e.Resource, audit: e.Audit}
	s.rank = rankOf(s)
	g.steps = append(g.steps, s)
	if owner, ok := e.Resource.(resources.Owner); ok {
		for _, subject := range owner.Owns() {
			g.owners[subject] = s
		}
	}
}

func rankOf(s *step) rank {
	_, late := s.resource.(resources.Latecomer)
	switch {
	case late:
		return latecomer
	case departs(s) && s.id.Type == "user":
		return lateUser
	case departs(s) && s.id.Type == "group":
		return lateGroup
	}
	return early
}

// addRuns adds the implied resource of each unit that any resource needs; where
// only audited ones do, it is audited itself.
func (g *graph) addRuns() {
	acting := map[string]bool{}
	g.eachRun(func(s *step, need resources.RunNeed) {
		acting[need.Unit] = acting[need.Unit] || !s.audit
	})
	asked := map[string][]*step{}
	var needs []resources.RunNeed
	g.eachRun(func(s *step, need resources.RunNeed) {
		if s.audit && acting[need.Unit] {
			return
		}
		asked[need.Unit] = append(asked[need.Unit], s)
		needs = append(needs, need)
	})
	for _, r := range resources.NewRuns(needs) {
		s := &step{id: resources.ID{Type: runType, Name: r.Unit}, resource: r, rank: lateRun, audit: !acting[r.Unit]}
		s.needs = asked[r.Unit]
		s.pos = s.needs[0].pos
		g.steps = append(g.steps, s)
	}
}

// eachRun visits the steps that need a unit to run with what they change.
func (g *graph) eachRun(visit func(*step, resources.RunNeed)) {
	for _, s := range g.steps {
		if r, ok := s.resource.(resources.Runner); ok {
			for _, need := range r.Runs() {
				visit(s, need)
			}
		}
	}
}

// stated adds the edges of `after:`. After a unit means after its run.
func (g *graph) stated(e *manifests.Entry) {
	if len(e.After) == 0 {
		return
	}
	s := g.find(e.ID)
	for _, ref := range e.After {
		s.needs = append(s.needs, g.find(ref.ID))
		if run := g.find(resources.ID{Type: runType, Name: ref.ID.Name}); ref.ID.Type == "unit" && run != nil {
			s.needs = append(s.needs, run)
		}
	}
}

// find is the step with an id, nil when there is none.
func (g *graph) find(id resources.ID) *step {
	i, found := slices.BinarySearchFunc(g.steps, &step{id: id}, byID)
	if !found {
		return nil
	}
	return g.steps[i]
}

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

// cycles is an error that names a cycle of the edges in full, if there is one.
func cycles(steps []*step) error {
	const unseen, open, done = 0, 1, 2
	seen := make(map[*step]int, len(steps))
	var trail []*step
	var visit func(*step) error
	visit = func(s *step) error {
		switch seen[s] {
		case done:
			return nil
		case open:
			return cycleError(trail[slices.Index(trail, s):])
		}
		seen[s] = open
		trail = append(trail, s)
		for _, need := range s.needs {
			if err := visit(need); err != nil {
				return err
			}
		}
		trail = trail[:len(trail)-1]
		seen[s] = done
		return nil
	}
	for _, s := range steps {
		if err := visit(s); err != nil {
			return err
		}
	}
	return nil
}

func cycleError(cycle []*step) error {
	text := "these resources wait for each other:"
	for i, s := range cycle {
		text += fmt.Sprintf("\n  %s (%s) comes after %s", s.id, s.pos, cycle[(i+1)%len(cycle)].id)
	}
	return multierror.Append(nil, wrong(cycle[0].pos, "%s", text))
}

// wrong is an error in a manifest, at a position.
func wrong(at manifests.Pos, format string, args ...any) error {
	return &manifests.Error{File: at.File, Line: at.Line, Column: at.Column, Text: fmt.Sprintf(format, args...)}
}
