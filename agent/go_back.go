package agent

import (
	"context"
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
	r.own = nil
	from, err := r.log.journal.Read(r.log.number())
	if err == nil {
		r.report.Rollback, err = r.takeBack(context.Background(), from, nil, r.gate, false)
	}
	if r.report.Rollback == nil {
		r.report.Rollback = &RollbackReport{Of: r.log.number(), Because: r.gate, Resources: []ResourceReport{}}
	} else {
		for _, s := range r.steps {
			s.reverted = len(s.made) > 0 && !r.report.Rollback.left(s.id)
		}
		for _, w := range r.windows {
			w.stop.reverted = len(w.stop.made) > 0 && !r.report.Rollback.left(w.run.id)
		}
	}
	if err != nil {
		r.report.Rollback.fail(r.report.conceal(err.Error()))
	}
}

// takeBack takes a run back of itself, as it is found in the journal: after a
// gate, or, with the way back that was cut short, to bring that to its end. The
// report is nil when nothing could be done.
func (r *run) takeBack(ctx context.Context, from, again *journal.Run, because string, force bool) (*RollbackReport, error) {
	b, err := r.newComeback(from, again, because, force)
	if err != nil {
		return nil, err
	}
	b.again = again
	b.log.lenient = true // the way back is in the journal already: that of the run
	b.foresee(ctx)
	if err := b.beginBack(); err != nil {
		return nil, err
	}
	b.perform(ctx)
	r.own = append(r.own, b.own...)
	report := b.tell()
	r.checkBack(ctx, report)
	err = b.endBack(report.result())
	if b.log.lost != nil {
		r.report.note("the way back is not journalled to its end: %s", b.log.lost)
	}
	return report, err
}

// checkBack asks the checks after a roll-back: what passed before the run that was
// taken back must pass again.
func (r *run) checkBack(ctx context.Context, report *RollbackReport) {
	r.each(func(w *watch) {
		within := w.within
		if !w.passed {
			within = 0 // it has nothing to come back to
		}
		w.await(ctx, within)
	})
	for _, w := range r.watches {
		if w.regressed() {
			report.fail(r.report.conceal(fmt.Sprintf("%s passed before the run, and fails after the roll-back: %s", w.step.id, w.err)))
		}
	}
}

// beginBack opens the journal for the way back, or opens that of an earlier
// attempt again.
func (b *comeback) beginBack() error {
	var err error
	if b.again != nil {
		err = b.log.open(b.log.journal.Resume(b.again, bootID()))
	} else {
		err = b.log.open(b.log.journal.Begin(journal.Header{
			Mode: journal.Rollback, Of: b.from.Number, Because: b.because, Force: b.force,
			Manifest: b.from.Manifest, Digest: b.from.Digest, Units: b.from.Units, Started: time.Now().UTC(), Boot: bootID(),
		}))
	}
	if err == nil {
		err = b.log.plan(wholly(b.files))
	}
	return err
}

// endBack holds what was taken back, and then ends the way back in the journal:
// when it cannot be held, the next run comes to bring that to its end.
func (b *comeback) endBack(result Result) error {
	if err := b.holdOrRelease(); err != nil {
		return err
	}
	return b.log.end(string(result))
}

// inHand is what an attempt to take a run back had in hand when it was cut short,
// or, when it failed, what it left.
func inHand(attempt *journal.Run) map[node.Subject]bool {
	subjects := map[node.Subject]bool{}
	if attempt == nil {
		return subjects
	}
	for _, e := range attempt.Entries {
		if e.Done || !e.Begun && attempt.End == nil {
			continue
		}
		if c, err := attempt.Change(e); err == nil {
			subjects[c.Subject()] = true
		}
	}
	return subjects
}
