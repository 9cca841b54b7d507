package agent

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// plan plans the steps that are pending, in waves: all that need nothing more
// are planned side by side, on one frozen future; then their changes are laid
// over it, by id. A plan that looked at what a neighbour in its wave has just
// changed is made again, alone. When that neighbour comes behind it, and there
// is more to do because of it, an edge has been found that nobody stated, and
// all is planned anew with it.
func (r *run) plan(ctx context.Context, steps []*step) {
	todo := slices.DeleteFunc(slices.Clone(steps), (*step).settled)
	for !r.planWaves(ctx, todo) {
		for _, s := range todo {
			s.state, s.plan, s.err, s.because = pending, node.Plan{}, nil, nil
		}
	}
	r.noteFed()
}

// planWaves says whether the edges that are known were enough.
func (r *run) planWaves(ctx context.Context, steps []*step) bool {
	r.future = node.NewFuture(r.machine.View())
	r.order = r.order[:0]
	for _, w := range r.windows {
		w.plannedOnly()
	}
	w := newWaves(steps)
	for wave := w.next(nil); len(wave) > 0; wave = w.next(wave) {
		able := skipBroken(wave)
		lookAll(ctx, able, r.future)
		changed := upheaval{}
		for _, s := range able {
			if changed.disturber(s, s.looked) != nil || changed.disturber(s, subjects(s.plan.Changes)) != nil {
				s.look(ctx, r.future)
			}
			r.skipUnread(s)
			r.keepOff(s)
			r.take(s, changed)
		}
		if len(changed) > 0 && r.findEdges(ctx, able, changed) {
			return false
		}
	}
	return true
}

// take puts a planned step in its place, after the stops that it needs, and lays what
// they change over the future.
func (r *run) take(s *step, changed upheaval) {
	taken := []*step{s}
	if s.acts() {
		r.veil(s)
		taken = append(s.open(), s)
	}
	for _, one := range taken {
		r.order = append(r.order, one)
		if one.acts() {
			r.future.Lay(one.plan.Changes...)
			changed.add(one)
		}
	}
}

// veil keeps secrets out of all that is shown of the changes of a step, now and later.
// What only proves has nothing to show.
func (r *run) veil(s *step) {
	if r.report == nil {
		return
	}
	for i, c := range s.plan.Changes {
		s.plan.Changes[i] = node.Veil(c, r.report.conceal)
	}
}

// findEdges lets a step come after a neighbour behind it when that changes what
// the step's plan was made on, and there is more for the step to do then.
func (r *run) findEdges(ctx context.Context, wave []*step, changed upheaval) (found bool) {
	for place, s := range wave {
		by := changed.disturber(s, s.looked)
		if by == nil || slices.Index(wave, by) < place || s.state != planned && s.state != failed {
			continue
		}
		again := *s
		again.look(ctx, r.future)
		if again.state == planned && (s.state == failed || len(again.plan.Changes) > 0) {
			s.needs = append(s.needs, by)
			found = true
		}
	}
	return found
}

// skipUnread skips a step that found its place by looking, or the run of a unit,
// when a failed step should have written what it looked at: it would go on with
// the old one.
func (r *run) skipUnread(s *step) {
	if s.rank != latecomer && s.rank != lateRun || s.broken() || s.mustClose() {
		return
	}
	for _, subject := range s.looked {
		if owner := r.owners[subject]; owner != nil && owner.broken() && !strangers(s, owner) {
			s.skip(owner)
			return
		}
	}
}

// strangers says whether a run has nothing to do with a unit, though it has looked
// at the unit's file: every file that might be a link to its own is looked at.
func strangers(run, unit *step) bool {
	if run.id.Type != runType {
		return false
	}
	declared, running := unitOf(unit.resource), run.id.Name
	template, _, _ := strings.Cut(running, "@")
	return declared != "" && declared != running && declared != template+"@"+path.Ext(running)
}

// keepOff fails a step that would change what another one is merely to audit,
// such as a directory that it would make to put a file into.
func (r *run) keepOff(s *step) {
	if !s.acts() || s.id.Type == runType {
		return
	}
	for _, c := range s.plan.Changes {
		if owner := r.owners[c.Subject()]; owner != nil && owner != s && owner.audit {
			s.fail(fmt.Errorf("it would change what %s is only to audit: %s", owner.id, c.Line()))
			return
		}
	}
}

// noteFed tells of the units that read what is about to change when they start,
// and that nobody declared: they are left alone.
func (r *run) noteFed() {
	for _, s := range r.order {
		feeder, ok := s.resource.(resources.Feeder)
		if !ok || !s.acts() {
			continue
		}
		units, err := feeder.Feeds(r.future)
		if err != nil {
			s.plan.Notes = append(s.plan.Notes, err.Error())
		}
		for _, unit := range units {
			if !slices.ContainsFunc(r.steps, func(other *step) bool { return other.id == resources.ID{Type: runType, Name: unit} }) {
				s.plan.Notes = append(s.plan.Notes, unit+" reads it and goes on with the old one: it is not in the manifest, and is not restarted")
			}
		}
	}
}

// skipBroken skips the steps that depend on one that failed, and returns the
// others. A unit that is stopped is started again whatever has failed.
func skipBroken(wave []*step) []*step {
	return slices.DeleteFunc(slices.Clone(wave), func(s *step) bool {
		if stop := s.barred(); stop != nil {
			s.skip(stop)
			return true
		}
		for _, need := range s.needs {
			if need.broken() && !s.mustClose() {
				s.skip(need)
				return true
			}
		}
		return false
	})
}

// lookAll plans steps side by side, on all processors.
func lookAll(ctx context.Context, steps []*step, v node.View) {
	processors := runtime.GOMAXPROCS(0)
	chunk := min(max(len(steps)/(4*processors), 1), 16) // few steps are shared out, too
	workers := min(processors, (len(steps)+chunk-1)/chunk)
	var next atomic.Int64
	work := func() {
		for {
			from := int(next.Add(int64(chunk))) - chunk
			if from >= len(steps) {
				return
			}
			for _, s := range steps[from:min(from+chunk, len(steps))] {
				if err := stopped(ctx); err != nil {
					s.fail(err)
					continue
				}
				s.look(ctx, v)
			}
		}
	}
	var group sync.WaitGroup
	for range max(workers-1, 0) {
		group.Go(work)
	}
	work()
	group.Wait()
}

func subjects(changes []node.Change) []node.Subject {
	list := make([]node.Subject, len(changes))
	for i, c := range changes {
		list[i] = c.Subject()
	}
	return list
}
