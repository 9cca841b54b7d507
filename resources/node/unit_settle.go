package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// This file looks at a unit after a job. systemd calls a start done when a
// service of Type=simple has been forked, though it may die at once, even for
// want of the program itself.

// A manner is how a unit starts and stops, as systemd has it loaded, and how
// its last run ended.
type manner struct {
	kind                  string // Type= of a service; "" for other units
	startLimit, stopLimit time.Duration
	result                string // success, exit-code, signal, …
	status                int    // exit status or signal
	active                string // ActiveState
	controlPID            uint32 // of a command of ExecReload= and the like, 0 for none
	reloadFailed          bool
	conditionsMet         bool
}

// manner asks systemd how a unit starts and stops.
func (b *bus) manner(unit string) (manner, error) {
	m := manner{startLimit: 90 * time.Second, stopLimit: 90 * time.Second}
	at := unitPath(unit)
	questions := []property{
		{at, "Unit", "ConditionResult", func(v any) { m.conditionsMet, _ = v.(bool) }},
		{at, "Unit", "ActiveState", toString(&m.active)},
	}
	if strings.HasSuffix(unit, ".service") {
		questions = append(questions,
			property{at, "Service", "Type", toString(&m.kind)},
			property{at, "Service", "TimeoutStartUSec", toDuration(&m.startLimit)},
			property{at, "Service", "TimeoutStopUSec", toDuration(&m.stopLimit)},
			property{at, "Service", "Result", toString(&m.result)},
			property{at, "Service", "ExecMainStatus", func(v any) { n, _ := v.(int32); m.status = int(n) }},
			property{at, "Service", "ControlPID", func(v any) { m.controlPID, _ = v.(uint32) }},
			property{at, "Service", "ReloadResult", func(v any) { m.reloadFailed = v != "success" }},
		)
	}
	return m, b.ask(questions)
}

// toDuration takes a number of microseconds; "infinity" is more than a day.
func toDuration(d *time.Duration) func(any) {
	return func(v any) {
		usec, _ := v.(uint64)
		*d = time.Duration(min(usec, uint64(24*time.Hour/time.Microsecond))) * time.Microsecond
	}
}

// settle is how long the unit is watched after it has been started.
func (j *job) settle() time.Duration {
	if j.Settle != nil {
		return *j.Settle
	}
	switch j.manner.kind {
	case "simple", "exec", "idle":
		return time.Second
	case "notify", "notify-reload", "dbus", "forking":
		return 200 * time.Millisecond
	}
	return 0
}

// conclude looks whether the unit is as it should be after its job.
func (j *job) conclude(ctx context.Context, result string) error {
	if result != "done" {
		return j.failed(ctx, result)
	}
	switch j.Verb {
	case StopUnit:
		return j.expectDown()
	case ReloadUnit:
		return j.expectReloaded(ctx)
	}
	return j.expectUp(ctx)
}

func (j *job) expectDown() error {
	now, err := j.bus.unit(j.Unit)
	if err == nil && now.Running() {
		err = fmt.Errorf("it was stopped and runs again: %s", now.State())
	}
	return err
}

func (j *job) expectReloaded(ctx context.Context) error {
	now, err := j.bus.unit(j.Unit)
	if err == nil && (now.ReloadFailed || !now.Running()) {
		return j.failed(ctx, "failed")
	}
	return err
}

// expectUp watches the unit until it has settled. A unit that systemd starts
// again meanwhile has died.
func (j *job) expectUp(ctx context.Context) error {
	const pause = 50 * time.Millisecond
	first, err := j.bus.unit(j.Unit)
	if err != nil {
		return err
	}
	for now, until := first, time.Now().Add(j.settle()); ; {
		if !now.Running() || !now.Started.Equal(first.Started) {
			return j.died(ctx, now)
		}
		if !time.Now().Before(until) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		if now, err = j.bus.unit(j.Unit); err != nil {
			return err
		}
	}
}

// died is the error for a unit that was started and is not up.
func (j *job) died(ctx context.Context, now Unit) error {
	m, err := j.bus.manner(j.Unit)
	switch {
	case err != nil:
		return err
	case !m.conditionsMet:
		return fmt.Errorf("it was not started: a Condition…= of its unit file does not hold (see systemctl status %s)", j.Unit)
	case m.kind == "oneshot" && now.ActiveState == "inactive":
		return errors.New("it ran to its end and is not active: a oneshot service stays active only with RemainAfterExit=yes")
	case now.Running():
		return fmt.Errorf("it was started, died, and systemd started it again%s", j.lastWords(ctx))
	}
	return fmt.Errorf("it was started and did not stay up: it is %s%s%s", now.State(), m.ending(), j.lastWords(ctx))
}

// failed is the error for a job that systemd does not call done.
func (j *job) failed(ctx context.Context, result string) error {
	m, err := j.bus.manner(j.Unit)
	if err != nil {
		return err
	}
	switch {
	case j.Verb == ReloadUnit:
		return fmt.Errorf("the reload failed: it still runs with what it had loaded before%s", j.lastWords(ctx))
	case result == "dependency":
		return fmt.Errorf("%s: a unit that it requires could not be started%s", j.Verb, j.lastWords(ctx))
	}
	return fmt.Errorf("%s %s%s%s", j.Verb, result, m.ending(), j.lastWords(ctx))
}

// ending tells how the last run ended: " (exit-code, status 203)".
func (m manner) ending() string {
	switch m.result {
	case "", "success":
		return ""
	case "exit-code":
		return fmt.Sprintf(" (%s, status %d)", m.result, m.status)
	case "signal", "core-dump":
		return fmt.Sprintf(" (%s %d)", m.result, m.status)
	}
	return fmt.Sprintf(" (%s)", m.result)
}

func (j *job) lastWords(ctx context.Context) string {
	return j.bus.lastWords(ctx, j.Unit, j.began)
}

// lastWords is what a unit, and systemd about it, have logged since a moment.
// systemd forks before it starts a program, so what it says then is not always
// filed under the unit.
func (b *bus) lastWords(ctx context.Context, unit string, since time.Time) string {
	const lines, limit, flush = "10", 10 * time.Second, 150 * time.Millisecond
	time.Sleep(flush) // the journal is written by another process
	said, err := run(ctx, command{
		argv: []string{"journalctl", "--lines=" + lines, "--output=cat", "--no-pager", "--quiet",
			fmt.Sprintf("--since=@%d.%06d", since.Unix(), since.Nanosecond()/1000),
			"_SYSTEMD_UNIT=" + unit, "+", "UNIT=" + unit, "_UID=0"},
		limit: limit,
	})
	said = strings.TrimSpace(said)
	if err != nil || said == "" {
		return "; the journal has no lines of it"
	}
	return "; its last log lines:\n" + said
}
