package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// runType is the type in the ids of the runs of units, which no manifest names.
const runType = "run"

// A step is one resource on its way through a run.
type step struct {
	id       resources.ID
	pos      manifests.Pos
	resource resources.Resource
	audit    bool
	entry    *manifests.Entry // nil for what stands in no manifest
	needs    []*step          // settled before this one
	rank     rank
	windows  []*window // of the units that must be stopped for its changes
	closes   *window   // of the run of a unit that is stopped for others

	state    stepState
	plan     node.Plan
	looked   []node.Subject     // what its plan was made on
	stops    []*node.UnitAction // what must be stopped for it, for each window
	err      error
	because  *step         // the one that it was skipped for
	made     []node.Change // what was performed
	left     []node.Change // what the closing proof still found
	moved    bool          // it was planned again because the node had moved
	reverted bool          // what was performed was taken back
	deferred bool          // it has an action that ends this process, for the very end
	unproven bool          // a check that failed before and after
	fought   bool          // it is left to whoever changes it again and again
	orphan   bool          // it has left the manifest, and is to be taken back
	cause    Cause         // why it differs, or did
	follows  bool          // it differs because of what this run does to another one
	digest   string        // of its declaration, once it was asked for
	took     time.Duration
}

// A rank is how late a resource is planned among those that could be: as late as
// the order permits for what finds its place by looking, then for runs, which
// read what others write, then for what lingers when it goes away.
type rank uint8

const (
	early rank = iota
	latecomer
	lateRun
	afterRuns // see resources.Farewell
	afterUsers
	afterAll
)

// A stepState is how far a step has come.
type stepState uint8

const (
	pending stepState = iota
	planned
	made    // its changes are performed
	failed  // it could not be planned or made
	refused // a judge ruled against it, or a condition on the future does not hold
	skipped // another one, which it depends on, has failed
)

// acts says whether the step has changes that are to be made.
func (s *step) acts() bool {
	return s.state == planned && !s.audit && !s.fought && len(s.plan.Changes) > 0
}

// note has the reader told something, once.
func (s *step) note(text string) {
	if !slices.Contains(s.plan.Notes, text) {
		s.plan.Notes = append(s.plan.Notes, text)
	}
}

// settled says whether nothing more is to be done for a step.
func (s *step) settled() bool { return s.state != pending }

// broken says whether what depends on the step cannot go on.
func (s *step) broken() bool { return s.state >= failed }

func (s *step) fail(err error) { s.state, s.err = failed, err }

func (s *step) skip(because *step) {
	for because.because != nil {
		because = because.because
	}
	s.state, s.because, s.plan = skipped, because, node.Plan{}
	s.err = fmt.Errorf("skipped, because %s failed", because.id)
}

// look plans the step on a view and notes what it looked at.
func (s *step) look(ctx context.Context, v node.View) {
	began := time.Now()
	seen := &recorder{View: v}
	plan, err := s.planOn(ctx, seen)
	s.plan, s.looked, s.state, s.err = plan, seen.looked, planned, nil
	if err != nil {
		s.plan = node.Plan{Notes: plan.Notes, Differs: plan.Differs}
		s.fail(err)
	}
	s.took += time.Since(began)
}

// planOn plans the step on a view of the node, on which the units do not run that must
// be stopped for it.
func (s *step) planOn(ctx context.Context, v node.View) (node.Plan, error) {
	stops, err := s.findStops(v)
	if err != nil {
		return node.Plan{}, err
	}
	if len(stops) > 0 {
		v = v.With(stops...)
	}
	plan, err := s.after().Plan(ctx, v)
	if err == nil && len(plan.Changes) > 0 {
		err = s.mayStop()
	}
	return plan, err
}

// forget is the steps as they were before a run, their order kept.
func forget(steps []*step) []*step {
	fresh := make([]*step, len(steps))
	at := make(map[*step]*step, len(steps))
	for i, s := range steps {
		fresh[i] = &step{id: s.id, pos: s.pos, resource: s.resource, audit: s.audit, rank: s.rank}
		at[s] = fresh[i]
	}
	for i, s := range steps {
		for _, need := range s.needs {
			if n := at[need]; n != nil {
				fresh[i].needs = append(fresh[i].needs, n)
			}
		}
	}
	return fresh
}

func parseID(text string) resources.ID {
	for i := range text {
		if text[i] == ':' {
			return resources.ID{Type: text[:i], Name: text[i+1:]}
		}
	}
	return resources.ID{Name: text}
}
