package agent

import (
	"cmp"
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

// A comeback is the way back from one run.
type comeback struct {
	maker
	from    *journal.Run
	again   *journal.Run // an earlier attempt to go on with, nil for none
	because string       // "" when somebody asked for it
	force   bool         // wherever the node has gone
	files   []*step      // the changes, in the order in which they are undone
	units   []*step      // then these
}

// newComeback finds the way back from a run. What was in hand when the run was cut
// short, and what an earlier attempt to take it back did not bring to its end, is
// set to what it was, whatever there is. The attempt is nil when there was none.
func (m *maker) newComeback(from, attempt *journal.Run, because string, force bool) (*comeback, error) {
	b := &comeback{maker: newMaker(m.machine, m.options, m.report), from: from, because: because, force: force}
	held := inHand(attempt)
	rebooted := from.End == nil && from.Boot != bootID()
	acted := map[string][]*node.UnitAction{}
	var copies copiedTrees
	for _, e := range from.Entries {
		if !e.Begun && !e.Perhaps && !rebooted {
			continue
		}
		c, err := from.Change(e)
		if action, ok := c.(*node.UnitAction); ok && e.Begun {
			acted[action.Unit] = append(acted[action.Unit], action)
		}
		s := &step{id: parseID(e.Resource), resource: unreadable{err}}
		if err == nil {
			undoing := b.undoing(c, e, held)
			undoing.within = copies.around(c)
			copies.add(c)
			s.resource = undoing
		}
		b.files = append(b.files, s)
	}
	slices.Reverse(b.files)
	return b, b.addUnits(acted)
}

func (b *comeback) undoing(c node.Change, e journal.Entry, inHand map[node.Subject]bool) *asItWas {
	_, gone := c.(*node.TreeRemoval) // a run that is taken back of itself cannot be asked about it
	anyhow := b.force || e.Begun && !e.Done || inHand[c.Subject()] || gone && b.because != ""
	return &asItWas{change: c, anyhow: anyhow, run: b.from.Number, perhaps: !e.Begun}
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
	slices.SortStableFunc(b.units, func(a, c *step) int {
		return cmp.Or(cmp.Compare(b.urgency(a), b.urgency(c)), resources.TriggersFirst(a.id.Name, c.id.Name))
	})
	return nil
}

// urgency is 0 for the run of a unit that is stopped on the way back, 1 for others.
func (b *comeback) urgency(run *step) int {
	for _, e := range b.from.Entries {
		if e.Begun && e.Resource == (resources.ID{Type: stopType, Name: run.id.Name}).String() {
			return 0
		}
	}
	return 1
}

// foresee plans the way back on the future, each step on what the ones before it
// leave, and says whether every step can be made.
func (b *comeback) foresee(ctx context.Context) bool {
	future := node.NewFuture(b.machine.View())
	possible := true
	for _, s := range slices.Concat(b.files, b.units) {
		s.look(ctx, future)
		possible = possible && s.state == planned
		if s.acts() {
			future.Lay(s.plan.Changes...)
		}
	}
	return possible
}

// perform makes all that can be made. A step that fails does not stop the others.
func (b *comeback) perform(ctx context.Context) {
	b.progress.Begin(len(changesOf(slices.Concat(b.files, b.units))))
	for _, s := range b.files {
		b.make(ctx, s)
	}
	for _, s := range b.units {
		s.look(ctx, b.machine.View())
		b.setAside([]*step{s})
		if err := b.log.plan(wholly([]*step{s})); err != nil {
			s.fail(err)
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
		err := b.maker.perform(ctx, s, s.plan.Changes)
		var moved *node.MovedError
		switch {
		case err == nil:
			s.state = made
		case errors.As(err, &moved) && tries == 0:
			s.look(ctx, b.machine.View())
			if err := b.log.plan(wholly([]*step{s})); err != nil {
				s.fail(err)
			}
		default:
			s.fail(b.hush(err))
		}
	}
}

// hush takes what the run had put into files out of a unit's last words: no
// manifest says here what is secret.
func (b *comeback) hush(err error) error {
	var unit *node.UnitError
	if !errors.As(err, &unit) {
		return err
	}
	var changes []node.Change
	for _, s := range b.files {
		if was, ok := s.resource.(*asItWas); ok {
			changes = append(changes, was.change)
		}
	}
	return errors.New(without(hidden(changes))(err.Error()))
}

// tell reports the way back: what was done, and what is left to be done by hand.
func (b *comeback) tell() *RollbackReport {
	report := &RollbackReport{Of: b.from.Number, Run: b.log.number(), Because: b.because, Resources: []ResourceReport{}}
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
