package agent

import (
	"fmt"
	"slices"

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
	g.introduce()
	g.addRuns()
	slices.SortFunc(g.steps, byID)
	for _, s := range g.steps {
		g.implied(s)
	}
	for i := range m.Entries {
		g.stated(&m.Entries[i])
	}
	g.addWindows()
	g.addTriggers()
	if err := cycles(g.steps); err != nil {
		g.errs = multierror.Append(g.errs, err)
	}
	return g, g.errs.ErrorOrNil()
}

// Check says whether the resources of a manifest can be put in an order. It
// looks at no node.
func Check(m *manifests.Manifest) error {
	_, err := order(m)
	return err
}

// A graph is the steps while their edges are being found.
type graph struct {
	steps   []*step // by id
	owners  map[node.Subject]*step
	near    map[string]*step // the owner of a directory or of the nearest one above
	windows []*window
	errs    *multierror.Error
}

func (g *graph) add(e *manifests.Entry) {
	s := &step{id: e.ID, pos: e.Pos, resource: e.Resource, audit: e.Audit, entry: e}
	s.rank = rankOf(s)
	g.steps = append(g.steps, s)
	if owner, ok := e.Resource.(resources.Owner); ok {
		for _, subject := range owner.Owns() {
			g.owners[subject] = s
		}
	}
}

// introduce lets the resources that want to know each other.
func (g *graph) introduce() {
	all := make([]resources.Resource, len(g.steps))
	for i, s := range g.steps {
		all[i] = s.resource
	}
	for _, one := range all {
		if n, ok := one.(resources.Neighbour); ok {
			n.Meets(all)
		}
	}
}

func rankOf(s *step) rank {
	if _, late := s.resource.(resources.Latecomer); late {
		return latecomer
	}
	if departs(s) {
		return rankOfLeaving(s.resource)
	}
	return early
}

// rankOfLeaving is the rank of a resource that goes away.
func rankOfLeaving(r resources.Resource) rank {
	if lingerer, ok := r.(resources.Lingerer); ok {
		return afterRuns + rank(lingerer.Lingers())
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

// addTriggers has units acted on after those that start them by themselves, unless
// something says the opposite.
func (g *graph) addTriggers() {
	for _, s := range g.steps {
		if s.id.Type != runType {
			continue
		}
		for _, name := range resources.TriggersOf(s.id.Name) {
			trigger := g.find(resources.ID{Type: runType, Name: name})
			if trigger == nil {
				continue
			}
			waits := map[*step]bool{}
			if markNeeds(trigger, waits); !waits[s] {
				s.needs = append(s.needs, trigger)
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
		s.needs = append(s.needs, g.named(ref.ID)...)
	}
}

// named is the steps that an id in a manifest stands for: a unit is its run, too.
func (g *graph) named(id resources.ID) []*step {
	s := g.find(id)
	if run := g.find(resources.ID{Type: runType, Name: unitOf(s.resource)}); run != nil {
		return []*step{s, run}
	}
	return []*step{s}
}

// unitOf is the unit that a resource declares, "" for none.
func unitOf(r resources.Resource) string {
	if runner, ok := r.(resources.Runner); ok {
		for _, need := range runner.Runs() {
			if need.Declared != nil {
				return need.Unit
			}
		}
	}
	return ""
}

// find is the step with an id, nil when there is none.
func (g *graph) find(id resources.ID) *step {
	i, found := slices.BinarySearchFunc(g.steps, &step{id: id}, byID)
	if !found {
		return nil
	}
	return g.steps[i]
}

// wrong is an error in a manifest, at a position.
func wrong(at manifests.Pos, format string, args ...any) error {
	return &manifests.Error{File: at.File, Line: at.Line, Column: at.Column, Text: fmt.Sprintf(format, args...)}
}
