package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
)

// A UnitAction asks systemd to start, stop, restart or reload a unit, waits
// until it has, and looks again whether the unit is then as it should be.
type UnitAction struct {
	Unit string
	Verb Verb
	From Unit   // what it was doing
	Why  string // what makes it necessary: "it runs with an older /etc/mnw/web.env"

	// Settle is how long a started unit is watched. Nil is the usual time: a
	// second, less for a service that itself says when it is ready.
	Settle *time.Duration
}

// A Verb is what can be asked of systemd for a unit, as in systemctl(1).
type Verb string

// The verbs.
const (
	StartUnit   Verb = "start"
	StopUnit    Verb = "stop"
	RestartUnit Verb = "restart"
	ReloadUnit  Verb = "reload"
)

// Subject is part of Change.
func (a *UnitAction) Subject() Subject { return Subject{OfUnit, a.Unit} }

// Line is part of Change.
func (a *UnitAction) Line() string {
	line := fmt.Sprintf("%s %s", a.Verb, a.Unit)
	if a.Why != "" {
		line += ": " + a.Why
	}
	return line
}

// Diff is part of Change.
func (a *UnitAction) Diff() Diff { return Diff{} }

// Own says that this process runs in the unit, so that a restart ends it. Such
// an action must be the last, and is not waited for.
func (a *UnitAction) Own() bool { return a.From.Own }

// Inverse is part of Change. A unit that was restarted or reloaded is acted on
// again: it takes up the files that were put back.
func (a *UnitAction) Inverse() Change {
	back := &UnitAction{Unit: a.Unit, Verb: a.Verb, From: a.makes(time.Time{}), Settle: a.Settle}
	switch a.Verb {
	case StartUnit:
		back.Verb = StopUnit
	case StopUnit:
		back.Verb = StartUnit
	}
	return back
}

// makes is what the unit is doing after the action, if that is at the time now.
func (a *UnitAction) makes(now time.Time) Unit {
	u := a.From
	u.Loaded, u.ReloadFailed = now, false
	switch a.Verb {
	case StopUnit:
		u.ActiveState, u.SubState, u.MainPID = "inactive", "dead", 0
	case StartUnit, RestartUnit:
		u.ActiveState, u.SubState, u.MainPID = "active", "running", 0
		u.Started = now
	}
	return u
}

func (a *UnitAction) lay(f *Future) { f.units[a.Unit] = a.makes(f.Now()) }

// moved says whether the unit is no longer in the run that was seen.
func (a *UnitAction) moved(now Unit) bool {
	if a.From.Running() != now.Running() {
		return true
	}
	return now.Running() && !a.From.Started.IsZero() && !a.From.Started.Equal(now.Started)
}

func (a *UnitAction) perform(ctx context.Context, m *Machine) error {
	if m.bus == nil {
		return ErrOffline
	}
	now, err := m.bus.unit(a.Unit)
	if err != nil {
		return err
	}
	if a.moved(now) {
		return &MovedError{Subject: a.Subject(), Saw: a.From.since(), Found: now.since()}
	}
	jobs, err := m.bus.acting()
	if err != nil {
		return err
	}
	job := job{UnitAction: a, bus: m.bus, jobs: jobs, began: time.Now()}
	if err := job.run(ctx); err != nil {
		return fmt.Errorf("%s: %w", a.Unit, err)
	}
	return nil
}

// since tells what the unit is doing, and since when.
func (u Unit) since() string {
	if !u.Running() {
		return u.State()
	}
	return fmt.Sprintf("%s since %s", u.State(), u.Started.Format("15:04:05.000"))
}

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
		go func() { j.awaitHang(ctx); close(hangs) }()
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
		err = ctx.Err()
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
