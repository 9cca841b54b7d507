package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
)

// A job is a UnitAction under way.
type job struct {
	*UnitAction
	bus    *bus
	jobs   *systemd.Conn
	began  time.Time
	manner manner
}

func (j *job) run(ctx context.Context) (err error) {
	if j.manner, err = j.bus.manner(j.Unit); err != nil {
		return err
	}
	switch j.Verb {
	case StartUnit, RestartUnit:
		// What systemd counts for StartLimitBurst= are the unit's own starts. That it
		// has not loaded the unit yet does not matter.
		_ = j.jobs.ResetFailedUnitContext(ctx, j.Unit)
	case ResetUnit:
		return j.jobs.ResetFailedUnitContext(ctx, j.Unit)
	case ReloadUnit:
		if j.manner.hangs() {
			if err := j.free(ctx); err != nil {
				return err
			}
		}
	}
	if j.Own() {
		_, err := j.enqueue(ctx, nil)
		return err
	}
	return j.finish(ctx)
}

// finish enqueues the job, waits for its end, and looks at the unit.
func (j *job) finish(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan string, 1)
	id, err := j.enqueue(ctx, done)
	if err != nil {
		return err
	}
	hangs := make(chan struct{})
	if j.Verb == ReloadUnit {
		go func() {
			if j.hangs(ctx) {
				close(hangs)
			}
		}()
	}
	limit := time.NewTimer(j.limit())
	defer limit.Stop()
	select {
	case result := <-done:
		return j.conclude(ctx, result)
	case <-hangs:
		err = j.failed(ctx, "failed")
	case <-limit.C:
		err = fmt.Errorf("%s was not over after %s and was given up%s", j.Verb, j.limit(), j.lastWords(ctx))
	case <-ctx.Done():
		err = fmt.Errorf("%s was given up: %w", j.Verb, context.Cause(ctx))
	}
	j.cancel(id)
	return err
}

// limit is how long the job may take: a little longer than the unit's own
// time-outs, within reason.
func (j *job) limit() time.Duration {
	const margin, most = 10 * time.Second, 15 * time.Minute
	if j.Verb == ReloadUnit {
		return min(j.manner.startLimit+margin, reloadLimit)
	}
	return min(j.manner.startLimit+j.manner.stopLimit+margin, most)
}

// enqueue asks for the job. Its result comes on done, if that is not nil.
func (j *job) enqueue(ctx context.Context, done chan<- string) (id int, err error) {
	const mode = "replace"
	switch j.Verb {
	case StartUnit:
		return j.jobs.StartUnitContext(ctx, j.Unit, mode, done)
	case StopUnit:
		return j.jobs.StopUnitContext(ctx, j.Unit, mode, done)
	case RestartUnit:
		return j.jobs.RestartUnitContext(ctx, j.Unit, mode, done)
	case ReloadUnit:
		return j.jobs.ReloadUnitContext(ctx, j.Unit, mode, done)
	}
	return 0, errors.New("no such verb: " + string(j.Verb))
}

func (j *job) cancel(id int) {
	if conn, err := j.bus.asking(); err == nil {
		conn.Object(systemdName, managerPath).Call(systemdName+".Manager.CancelJob", 0, uint32(id))
	}
}
