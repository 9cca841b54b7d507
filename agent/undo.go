package agent

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
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
	r := &run{maker: newMaker(machine, o, newReport(ModeRollback, nil, time.Now()))}
	return r.rollback(ctx, u)
}

func (r *run) rollback(ctx context.Context, u Undo) (*Report, error) {
	r.options.sweepDocuments()
	open, err := r.cutShort()
	if err != nil {
		return nil, err
	}
	if open != nil && open.Mode == journal.Rollback {
		if err := r.takeUpOpen(ctx, open); err != nil {
			return nil, err
		}
		if r.report.Recovered != nil && (u.Run == 0 || u.Run == open.Of) {
			return r.report, r.wasMeant(open)
		}
	}
	from, err := r.find(u.Run)
	if err != nil {
		return nil, err
	}
	r.report.Manifest, r.report.Digest = from.Manifest, from.Digest
	failed, err := r.failedAttempt(from)
	if err != nil {
		return nil, err
	}
	b, err := r.newComeback(from, failed, "", u.Force)
	if err != nil {
		return nil, err
	}
	err = b.undo(ctx)
	cause := stopped(ctx)
	if b.log.number() != 0 {
		cause = nil // what has begun is brought to its end
	}
	r.report.finish(slices.Concat(b.files, b.units), func() {}, cause)
	return r.report, errors.Join(err, b.endUndo(ctx))
}

// wasMeant makes the way back that was cut short, and is at its end now, the one
// that is reported: it is what was asked for, and no other run is to go with it.
func (r *run) wasMeant(open *journal.Run) error {
	back := r.report.Recovered
	r.report.Manifest, r.report.Digest, r.report.Run = open.Manifest, open.Digest, back.Run
	r.report.Rollback, r.report.Recovered = back, nil
	r.report.Resources, back.Resources = back.Resources, []ResourceReport{}
	r.report.conclude(nil)
	return errors.Join(r.rememberRollback(), r.options.keep(r.report), r.endSelf(context.Background()))
}

// undo plans the way back, and makes it when all of it can be made.
func (b *comeback) undo(ctx context.Context) error {
	possible := b.foresee(ctx)
	b.report.Rollback = &RollbackReport{Of: b.from.Number, Resources: []ResourceReport{}}
	switch {
	case stopped(ctx) != nil:
		return nil
	case !possible && !b.force:
		b.report.Refused = true
		return nil
	case !b.changes():
		return nil
	}
	if err := b.beginBack(); err != nil {
		return err
	}
	b.report.Run, b.report.Rollback.Run = b.log.number(), b.log.number()
	b.perform(context.WithoutCancel(ctx))
	told := b.tell()
	b.report.Rollback.Failed, b.report.Rollback.ByHand = told.Failed, told.ByHand
	switch {
	case b.from.Mode == journal.Rollback:
		b.report.note("the manifest is no longer held")
	case !b.options.keeps(b.from.Manifest):
		b.report.note("the manifest is held until it changes, or until apply --retry-held")
	}
	return nil
}

func (b *comeback) changes() bool {
	return slices.ContainsFunc(slices.Concat(b.files, b.units), (*step).acts)
}

// keeps says whether a manifest is one of the agent's own, in the state directory, such
// as that of install. It is applied when somebody asks for it, and never held.
func (o Options) keeps(manifest string) bool { return filepath.Dir(manifest) == whole(o.StateDir) }

// holdOrRelease holds the manifest that was taken back, and what has become of it
// since. To take a roll-back back lets go of it.
func (b *comeback) holdOrRelease() error {
	if b.options.keeps(b.from.Manifest) {
		return nil
	}
	if b.from.Mode == journal.Rollback {
		return b.options.release(func(h Hold) bool { return h.Run == b.from.Of })
	}
	hold := Hold{
		Manifests: []string{b.from.Manifest}, Digests: []string{b.from.Digest}, Run: b.from.Number, Since: time.Now().UTC(),
		Because: cmp.Or(b.because, byHand),
	}
	runs, err := b.log.journal.Runs()
	for _, run := range runs {
		if run.Mode == journal.Apply && run.Manifest == b.from.Manifest {
			if run.Digest != b.from.Digest {
				hold.Digests = append(hold.Digests, run.Digest)
			}
			break
		}
	}
	return errors.Join(err, b.options.hold(hold))
}

// endUndo ends the runs in the journal, and keeps the report.
func (b *comeback) endUndo(ctx context.Context) error {
	var errs []error
	if b.log.number() != 0 {
		err := b.endBack(b.report.Result)
		if err == nil && b.from.End == nil {
			err = b.endFor(b.from, "cut short")
		}
		errs = append(errs, err, b.rememberRollback(), b.log.journal.Prune(b.options.Keep, b.options.needed))
	}
	return errors.Join(append(errs, b.options.keep(b.report), b.endSelf(ctx))...)
}
