package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/makenotwork/mnw-agent/agent/journal"
)

// This file is what a run does first: it takes up what one that was cut short has
// left, and minds a manifest that is held. All that it needs to know is in the
// state directory.

// takeUp deals with a run that was cut short: a way back is brought to its end, a
// run of the same manifest is gone on with, and any other is closed, for this
// manifest says what the node should be now.
func (r *run) takeUp(ctx context.Context) error {
	open, err := r.log.journal.Open()
	if err != nil {
		return err
	}
	if open != nil {
		if err := r.sweep(open); err != nil {
			r.report.note("%s", err)
		}
		if err := r.takeUpOpen(ctx, open); err != nil {
			return err
		}
	}
	return r.mindHold()
}

func (r *run) takeUpOpen(ctx context.Context, open *journal.Run) error {
	since := open.Started.Local().Format(time.DateTime)
	switch {
	case open.Mode == journal.Rollback:
		r.report.note("run %d of %s, which took run %d back, was cut short: it is brought to its end", open.Number, since, open.Of)
		return r.finishComeback(ctx, open)
	case open.Digest == r.manifest.Digest:
		r.report.note("run %d of %s was cut short: this run goes on with it", open.Number, since)
		r.resumed = open
		return nil
	}
	r.report.note("run %d of %s was cut short: this manifest is another one, and goes on from where the node is", open.Number, since)
	return r.endFor(open, "cut short")
}

// finishComeback brings a way back to its end. The checks are those of the manifest
// in hand, if that is the one that was taken back.
func (r *run) finishComeback(ctx context.Context, open *journal.Run) error {
	from, err := r.log.journal.Read(open.Of)
	if err != nil {
		return err
	}
	from.Because = cmp.Or(open.Because, byHand)
	if r.manifest != nil && open.Digest == r.manifest.Digest {
		r.checkBefore(ctx, from)
		defer r.endWatches()
	}
	r.report.Recovered, err = r.takeBack(ctx, from, open)
	if err == nil && from.End == nil {
		err = r.endFor(from, string(r.report.Recovered.result()))
	}
	return err
}

// endFor writes the end of a run that could not do it itself.
func (r *run) endFor(cut *journal.Run, result string) error {
	w, err := r.log.journal.Resume(cut)
	if err != nil {
		return err
	}
	return errors.Join(w.End(result), w.Close())
}

// sweep removes the temporary files of a run that was cut short.
func (r *run) sweep(open *journal.Run) error {
	for _, e := range open.Entries {
		if !e.Begun || e.Done {
			continue
		}
		c, err := open.Change(e)
		if err == nil {
			err = r.machine.Sweep(c, open.Started)
		}
		if err != nil {
			return fmt.Errorf("what run %d may have left: %w", open.Number, err)
		}
	}
	return nil
}

// mindHold keeps a manifest from being applied that is held. That it has changed,
// or that somebody insists, lets go of the hold.
func (r *run) mindHold() error {
	hold, err := r.options.held(r.manifest.Digest)
	switch {
	case err != nil:
		return err
	case hold != nil && !r.options.RetryHeld:
		r.report.Held = hold
		return nil
	}
	return r.options.release(func(h Hold) bool { return h.about(whole(r.manifest.Path), r.manifest.Digest) })
}

// noteStanding tells the reader of a plan what stands in the way of an apply.
func (r *run) noteStanding() {
	if hold, err := r.options.held(r.manifest.Digest); err == nil && hold != nil {
		r.report.note("this manifest is held since run %d was taken back (%s): apply it with --retry-held", hold.Run, hold.brief())
	}
	if open, err := r.log.journal.Open(); err == nil && open != nil && !locked(r.options.StateDir) {
		r.report.note("run %d was cut short: the next apply deals with it first", open.Number)
	}
}
