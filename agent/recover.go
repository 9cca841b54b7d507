package agent

import (
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
	open, err := r.cutShort()
	if err != nil {
		return err
	}
	if open != nil {
		if err := r.takeUpOpen(ctx, open); err != nil {
			return err
		}
	}
	return r.mindHold()
}

// cutShort is the run that was cut short, nil when there is none. The temporary
// files that it may have left are removed.
func (m *maker) cutShort() (*journal.Run, error) {
	open, err := m.log.journal.Open()
	if err != nil || open == nil {
		return nil, err
	}
	m.options.sweepDocuments()
	if err := m.sweep(open); err != nil {
		m.report.note("%s", err)
	}
	return open, nil
}

func (r *run) takeUpOpen(ctx context.Context, open *journal.Run) error {
	since := open.Started.Local().Format(time.DateTime)
	if open.Mode == journal.Apply {
		if err := r.takeOver(open); err != nil {
			return err
		}
	}
	switch {
	case open.Mode == journal.Rollback:
		r.report.note("run %d of %s, which took run %d back, was cut short: it is brought to its end", open.Number, since, open.Of)
		return r.finishComeback(ctx, open)
	case open.Digest == r.manifest.Digest:
		r.report.note("run %d of %s was cut short: this run goes on with it", open.Number, since)
		r.resumed = open
		return nil
	case r.staysOpen(open):
		return nil
	}
	r.report.note("run %d of %s was cut short: this manifest is another one, and goes on from where the node is", open.Number, since)
	return errors.Join(r.rememberCut(open), r.endFor(open, "cut short"))
}

// finishComeback brings a way back to its end, which a signal does not stop. The
// checks are those of the manifest in hand, if that is the one that was taken back.
func (r *run) finishComeback(ctx context.Context, open *journal.Run) error {
	from, err := r.log.journal.Read(open.Of)
	if errors.Is(err, journal.ErrNoRun) {
		r.report.note("run %d cannot be taken back any further: %s", open.Of, err)
		return r.endFor(open, string(Failed))
	}
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if r.manifest != nil && open.Digest == r.manifest.Digest {
		r.checkBefore(ctx, from)
		defer r.endWatches()
	}
	r.report.Recovered, err = r.takeBack(ctx, from, open, open.Because, open.Force)
	if err == nil && from.End == nil {
		err = r.endFor(from, string(r.report.Recovered.result()))
	}
	return err
}

// endFor writes the end of a run that could not do it itself.
func (m *maker) endFor(cut *journal.Run, result string) error {
	w, err := m.log.journal.Resume(cut, bootID())
	if err != nil {
		return err
	}
	return errors.Join(w.End(result), w.Close())
}

// sweep removes the temporary files of a run that was cut short.
func (m *maker) sweep(open *journal.Run) error {
	for _, e := range open.Entries {
		if !e.Begun || e.Done {
			continue
		}
		c, err := open.Change(e)
		if err == nil {
			err = m.machine.Sweep(c, open.Started)
		}
		if err != nil {
			return fmt.Errorf("what run %d may have left: %w", open.Number, err)
		}
	}
	return nil
}

// mindHold keeps a manifest from being applied that is held. That it has changed,
// or that somebody insists, lets go of the hold, but not before anything is done.
func (r *run) mindHold() error {
	hold, err := r.options.held(r.manifest.Digest)
	switch {
	case err != nil:
		return err
	case hold != nil && !r.options.RetryHeld:
		r.report.Held = hold
	default:
		r.letGo = true
	}
	return nil
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
