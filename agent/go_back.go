package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file takes runs back that nobody asked to take back: one whose gate shut,
// and one of which an earlier way back was cut short.

// goBack takes the run back that is under way, because of its gate. What began
// with a signal is not stopped by it.
func (r *run) goBack() {
	r.machine.Ahead(nil)
	from, err := r.log.journal.Read(r.log.number())
	if err == nil {
		from.Because = r.gate
		r.report.Rollback, err = r.takeBack(context.Background(), from, nil)
	}
	if err != nil {
		r.report.Rollback = cmp.Or(r.report.Rollback, &RollbackReport{Of: r.log.number(), Because: r.gate, Resources: []ResourceReport{}})
		r.report.Rollback.fail(err)
	}
	for _, s := range r.steps {
		s.reverted = len(s.made) > 0
	}
}

// takeBack takes a run back of itself, as it is found in the journal: after a
// gate, or, with the way back that was cut short, to bring that to its end.
func (r *run) takeBack(ctx context.Context, from, again *journal.Run) (*RollbackReport, error) {
	b, err := r.newComeback(from, node.Manner{Keep: true, Anyhow: again != nil && again.Force}, inHand(again))
	if err != nil {
		return nil, err
	}
	b.log.lenient = true // the way back is in the journal already: that of the run
	b.foresee(ctx)
	if err := b.beginBack(journal.Header{Because: from.Because}, again); err != nil {
		r.report.note("the way back is not journalled: %s", err)
	}
	b.perform(ctx)
	report := b.tell(from.Because)
	r.each(func(w *watch) { w.await(ctx) })
	for _, w := range r.watches {
		if w.regressed() {
			report.fail(fmt.Errorf("%s passed before the run, and fails after the roll-back: %w", w.step.id, w.err))
		}
	}
	return report, errors.Join(b.holdOrRelease(from.Because), b.endBack(report))
}

// beginBack opens the journal for the way back, or opens that of an earlier
// attempt again.
func (b *comeback) beginBack(h journal.Header, again *journal.Run) error {
	var err error
	if again != nil {
		err = b.log.open(b.log.journal.Resume(again))
	} else {
		h.Mode, h.Of, h.Manifest, h.Digest, h.Units = journal.Rollback, b.from.Number, b.from.Manifest, b.from.Digest, b.from.Units
		h.Started, h.Boot = time.Now().UTC(), bootID()
		err = b.log.open(b.log.journal.Begin(h))
	}
	if err == nil {
		err = b.log.plan(b.files)
	}
	if err != nil {
		b.log.writer = nil
	}
	return err
}

func (b *comeback) endBack(report *RollbackReport) error {
	w := b.log.writer
	if w == nil {
		return nil
	}
	return errors.Join(w.End(string(report.result())), w.Close())
}

// inHand is what a way back had in hand when it was cut short.
func inHand(cut *journal.Run) map[node.Subject]bool {
	subjects := map[node.Subject]bool{}
	if cut == nil {
		return subjects
	}
	for _, e := range cut.Entries {
		if !e.Begun || e.Done {
			continue
		}
		if c, err := cut.Change(e); err == nil {
			subjects[c.Subject()] = true
		}
	}
	return subjects
}
