package node

import (
	"context"
	"fmt"
	"time"
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
	// Stops is the other units that ran and that systemd stops with this one, so
	// that the way back can start them again.
	Stops []string `json:",omitempty"`
}

// A Verb is what can be asked of systemd for a unit, as in systemctl(1).
type Verb string

// The verbs.
const (
	StartUnit   Verb = "start"
	StopUnit    Verb = "stop"
	RestartUnit Verb = "restart"
	ReloadUnit  Verb = "reload"
	// ResetUnit has systemd forget that the unit has failed.
	ResetUnit Verb = "reset-failed"
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
	case StopUnit, ResetUnit:
		u.ActiveState, u.SubState, u.MainPID = "inactive", "dead", 0
	case StartUnit, RestartUnit:
		u.ActiveState, u.SubState, u.MainPID = "active", "running", 0
		u.Started = now
	}
	return u
}

func (a *UnitAction) lay(f *Future) { f.units[a.Unit] = a.makes(f.Now()) }

// moved says whether the unit is no longer in the run that was seen. One that is to be
// stopped and went down meanwhile, with another one say, is as it should be.
func (a *UnitAction) moved(now Unit) bool {
	if a.Verb == StopUnit && !now.Running() {
		return false
	}
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
		return &UnitError{Unit: a.Unit, Verb: a.Verb, Err: err}
	}
	return nil
}

// A UnitError says that a unit is not as it should be after systemd was asked to
// act on it.
type UnitError struct {
	Unit string
	Verb Verb
	Err  error
}

func (e *UnitError) Error() string { return e.Unit + ": " + e.Err.Error() }
func (e *UnitError) Unwrap() error { return e.Err }

// since tells what the unit is doing, and since when.
func (u Unit) since() string {
	if !u.Running() {
		return u.State()
	}
	return fmt.Sprintf("%s since %s", u.State(), u.Started.Format("15:04:05.000"))
}
