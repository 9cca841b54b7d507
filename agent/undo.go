package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// byHand is why a manifest is held that somebody has taken back.
const byHand = "it was taken back by hand"

// Undo says how Rollback is made.
type Undo struct {
	Run   int  // the run to take back; 0 for the newest apply that is not taken back
	Force bool // also where the node has moved on since
}

// Rollback takes an earlier run back: what it changed, and nothing else. It is
// refused where the node has moved on since, unless forced. The manifest is then
// held, or a timer would soon apply it again.
func Rollback(ctx context.Context, u Undo, o Options) (*Report, error) {
	o = o.withDefaults()
	ctx, cancel := o.limit(ctx)
	defer cancel()
	machine, err := node.Open(o.Root)
	if err != nil {
		return nil, err
	}
	defer machine.Close()
	release, err := lock(ctx, o.StateDir, o.Wait)
	if err != nil {
		return nil, err
	}
	defer release()
	r := &run{machine: machine, options: o, progress: o.Progress, report: newReport(ModeRollback, nil, time.Now())}
	r.log.journal = o.journal()
	if err := r.finishFirst(ctx); err != nil {
		return nil, err
	}
	if done := r.report.Recovered; done != nil && (u.Run == 0 || u.Run == done.Of) {
		return r.report, r.tellFinished()
	}
	from, err := r.find(u.Run)
	if err != nil {
		return nil, err
	}
	r.report.Manifest, r.report.Digest = from.Manifest, from.Digest
	b, err := r.newComeback(from, node.Manner{Anyhow: u.Force, Keep: u.Force}, inHand(nil))
	if err != nil {
		return nil, err
	}
	err = b.undo(ctx, u)
	r.report.finish(slices.Concat(b.files, b.units), stopped(ctx))
	return r.report, errors.Join(err, b.endUndo())
}

// finishFirst deals with a run that was cut short. A way back is brought to its
// end.
func (r *run) finishFirst(ctx context.Context) error {
	open, err := r.log.journal.Open()
	if err != nil || open == nil {
		return err
	}
	if err := r.sweep(open); err != nil {
		r.report.note("%s", err)
	}
	if open.Mode == journal.Rollback {
		return r.takeUpOpen(ctx, open)
	}
	return nil
}

// tellFinished reports a way back that was cut short, and brought to its end, as
// what was asked for: whoever asks again wants no other run taken back.
func (r *run) tellFinished() error {
	done := r.report.Recovered
	from, err := r.log.journal.Read(done.Of)
	if err != nil {
		return err
	}
	r.report.Manifest, r.report.Digest, r.report.Run = from.Manifest, from.Digest, done.Run
	r.report.Rollback, r.report.Recovered = done, nil
	r.report.finish(nil, nil)
	r.report.Resources = done.Resources
	r.report.Result = r.report.result(nil)
	return r.options.keep(r.report)
}

// find is the run to take back.
func (r *run) find(number int) (*journal.Run, error) {
	runs, err := r.log.journal.Runs()
	if err != nil {
		return nil, err
	}
	undone := undone(runs)
	if number == 0 {
		for _, run := range runs {
			if run.Mode == journal.Apply && undone[run.Number] == 0 && len(run.Entries) > 0 {
				return run, nil
			}
		}
		return nil, errors.New("there is no run in the journal to take back")
	}
	if by := undone[number]; by != 0 {
		return nil, fmt.Errorf("run %d is taken back already, by run %d: to bring it back, take that one back", number, by)
	}
	return r.log.journal.Read(number)
}

// undone is the runs that are taken back, each with the run that did it. One that
// took another back and was taken back itself counts for nothing.
func undone(runs []*journal.Run) map[int]int {
	of, by := map[int]int{}, map[int]int{}
	for _, run := range slices.Backward(runs) {
		if run.Mode != journal.Rollback || run.End == nil || run.End.Result == string(Failed) {
			continue
		}
		of[run.Number] = run.Of
		by[run.Of] = run.Number
		delete(by, of[run.Of])
	}
	return by
}

// undo plans the way back, and makes it when all of it can be made.
func (b *comeback) undo(ctx context.Context, u Undo) error {
	possible := b.foresee(ctx)
	b.report.Rollback = &RollbackReport{Of: b.from.Number, Resources: []ResourceReport{}}
	switch {
	case !possible && !u.Force:
		b.report.Refused = true
		return nil
	case !b.changes():
		return nil
	}
	if err := b.beginBack(journal.Header{Force: u.Force}, nil); err != nil {
		return err
	}
	b.report.Run, b.report.Rollback.Run = b.log.number(), b.log.number()
	b.perform(context.WithoutCancel(ctx))
	told := b.tell("")
	b.report.Rollback.Failed, b.report.Rollback.ByHand = told.Failed, told.ByHand
	if b.from.Mode == journal.Rollback {
		b.report.note("the manifest is no longer held")
	} else {
		b.report.note("the manifest is held until it changes, or until apply --retry-held")
	}
	return b.holdOrRelease(byHand)
}

func (b *comeback) changes() bool {
	return slices.ContainsFunc(slices.Concat(b.files, b.units), (*step).acts)
}

// holdOrRelease holds the manifest that was taken back, and what has become of it
// since. To take a roll-back back lets go of it.
func (b *comeback) holdOrRelease(because string) error {
	if b.from.Mode == journal.Rollback {
		return b.options.release(func(h Hold) bool { return h.Run == b.from.Of })
	}
	hold := Hold{Manifests: []string{b.from.Manifest}, Digests: []string{b.from.Digest}, Run: b.from.Number, Since: time.Now().UTC(), Because: because}
	runs, err := b.log.journal.Runs()
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.Mode == journal.Apply && run.Manifest == b.from.Manifest {
			if run.Digest != b.from.Digest {
				hold.Digests = append(hold.Digests, run.Digest)
			}
			break
		}
	}
	return b.options.hold(hold)
}

// endUndo ends the runs in the journal, and keeps the report.
func (b *comeback) endUndo() error {
	var errs []error
	if w := b.log.writer; w != nil {
		errs = append(errs, w.End(string(b.report.Result)), w.Close())
		if b.from.End == nil {
			errs = append(errs, b.endFor(b.from, "cut short"))
		}
		errs = append(errs, b.log.journal.Prune(b.options.Keep))
	}
	return errors.Join(append(errs, b.options.keep(b.report))...)
}
