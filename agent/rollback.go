package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file takes a run back. That is a run like any other, over one resource for
// each change in the journal, the last one first: as it was. Units that the run
// had acted on, or that read what is put back, come at the end.

// asItWas wants a change of an earlier run undone.
type asItWas struct {
	change node.Change
	manner node.Manner
	run    int // that made it
}

// Plan is part of resources.Resource.
func (a *asItWas) Plan(_ context.Context, v node.View) (node.Plan, error) {
	plan, err := node.Back(v, a.change, a.manner)
	var moved *node.MovedError
	if errors.As(err, &moved) {
		moved.Since = fmt.Sprintf("run %d", a.run)
	}
	return plan, err
}

// A comeback is the way back from one run.
type comeback struct {
	*run
	from  *journal.Run
	files []*step // the changes, in the order in which they are undone
	units []*step // then these
}

// newComeback finds the way back from a run. What was in hand when the run was cut
// short, or a way back from it was, is set to what it was, whatever there is.
func (r *run) newComeback(from *journal.Run, how node.Manner, inHand map[node.Subject]bool) (*comeback, error) {
	b := &comeback{run: &run{machine: r.machine, options: r.options, report: r.report, progress: r.progress}, from: from}
	b.log.journal = r.log.journal
	rebooted := from.End == nil && from.Boot != bootID()
	acted := map[string][]*node.UnitAction{}
	for _, e := range from.Entries {
		if !e.Begun && !rebooted {
			continue
		}
		c, err := from.Change(e)
		if err != nil {
			return nil, err
		}
		manner := how
		manner.Anyhow = how.Anyhow || e.Begun && !e.Done || inHand[c.Subject()]
		var wish resources.Resource = &asItWas{c, manner, from.Number}
		if !e.Begun {
			wish = &perhaps{wish}
		}
		if action, ok := c.(*node.UnitAction); ok && e.Begun {
			acted[action.Unit] = append(acted[action.Unit], action)
		}
		b.files = append(b.files, &step{id: parseID(e.Resource), resource: wish})
	}
	slices.Reverse(b.files)
	return b, b.addUnits(acted)
}

// addUnits adds the runs of the units that the run knew.
func (b *comeback) addUnits(acted map[string][]*node.UnitAction) error {
	var policies []resources.RunPolicy
	if len(b.from.Units) > 0 {
		if err := json.Unmarshal(b.from.Units, &policies); err != nil {
			return fmt.Errorf("run %d: units: %w", b.from.Number, err)
		}
	}
	for _, p := range policies {
		id := resources.ID{Type: runType, Name: p.Unit}
		b.units = append(b.units, &step{id: id, resource: resources.NewRunBack(p, acted[p.Unit])})
	}
	return nil
}

// perhaps is for a change of which a loss of power has left no trace in the
// journal: where the node is neither as it was before nor as it would be after,
// the change was not made.
type perhaps struct{ resources.Resource }

// Plan is part of resources.Resource.
func (p *perhaps) Plan(ctx context.Context, v node.View) (node.Plan, error) {
	plan, err := p.Resource.Plan(ctx, v)
	var moved *node.MovedError
	if errors.As(err, &moved) {
		return node.Plan{}, nil
	}
	return plan, err
}

func parseID(text string) resources.ID {
	for i := range text {
		if text[i] == ':' {
			return resources.ID{Type: text[:i], Name: text[i+1:]}
		}
	}
	return resources.ID{Name: text}
}

// foresee plans the way back on the future, each step on what the ones before it
// leave, and says whether every step can be made.
func (b *comeback) foresee(ctx context.Context) bool {
	b.future = node.NewFuture(b.machine.View())
	possible := true
	for _, s := range slices.Concat(b.files, b.units) {
		s.look(ctx, b.future)
		possible = possible && s.state == planned
		if s.acts() {
			b.future.Lay(s.plan.Changes...)
		}
	}
	return possible
}

// perform makes all that can be made. A step that fails does not stop the others.
func (b *comeback) perform(ctx context.Context) {
	b.progress.Begin(len(changesOf(b.files)) + len(changesOf(b.units)))
	for _, s := range b.files {
		b.make(ctx, s)
	}
	for _, s := range b.units {
		s.look(ctx, b.machine.View())
		if err := b.log.plan([]*step{s}); err != nil {
			b.report.note("%s", err)
		}
		b.make(ctx, s)
	}
	if err := b.machine.Flush(); err != nil {
		b.report.note("%s", err)
	}
}

// make makes one step; when the node has moved since it was planned, it is
// planned once more.
func (b *comeback) make(ctx context.Context, s *step) {
	for tries := 0; s.acts(); tries++ {
		err := b.run.perform(ctx, s)
		var moved *node.MovedError
		switch {
		case err == nil:
			s.state = made
		case errors.As(err, &moved) && tries == 0:
			s.look(ctx, b.machine.View())
			if err := b.log.plan([]*step{s}); err != nil {
				s.fail(err)
			}
		default:
			s.fail(err)
		}
	}
}

// tell reports the way back: what was done, and what is left to be done by hand.
func (b *comeback) tell(because string) *RollbackReport {
	report := &RollbackReport{Of: b.from.Number, Run: b.log.number(), Because: because, Resources: []ResourceReport{}}
	for _, s := range slices.Concat(b.files, b.units) {
		if s.state == planned && len(s.plan.Changes) == 0 && len(s.plan.Notes) == 0 {
			continue
		}
		report.Resources = append(report.Resources, b.report.resource(s))
		if s.state != failed {
			continue
		}
		report.Failed = true
		if back, ok := s.resource.(*asItWas); ok {
			report.ByHand = append(report.ByHand, node.ByHand(back.change, b.log.journal.File))
		} else if s.id.Type == runType {
			report.ByHand = append(report.ByHand, "systemctl restart "+s.id.Name)
		}
	}
	return report
}
