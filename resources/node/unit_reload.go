package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// This file deals with a service that hangs while it reloads. One of
// Type=notify says itself when a reload begins and when it is over; caddy says
// only the first when it cannot take its new configuration. systemd then keeps
// the job for as long as a start may take, though the command of the reload has
// failed, and does not begin another one.

// hangs says whether a reload has failed and the unit still says that it is
// reloading.
func (m manner) hangs() bool { return m.active == "reloading" && m.controlPID == 0 && m.reloadFailed }

// hangs watches the unit while it reloads, and says whether it hangs.
func (j *job) hangs(ctx context.Context) bool {
	const pause, patience = 250 * time.Millisecond, 1500 * time.Millisecond
	for hanging := time.Duration(0); hanging < patience; hanging += pause {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
		if m, err := j.bus.manner(j.Unit); err != nil || !m.hangs() {
			hanging = 0
		}
	}
	return true
}

// free makes a unit that hangs reload outside of a job of its own: its reload
// commands are run beside it, as its user. When the configuration is good now,
// the unit says that it is ready, and can be asked again.
func (j *job) free(ctx context.Context) error {
	var commands [][]any
	var user, group string
	at := unitPath(j.Unit)
	err := j.bus.ask([]property{
		{at, "Service", "ExecReload", func(v any) { commands, _ = v.([][]any) }},
		{at, "Service", "User", toString(&user)},
		{at, "Service", "Group", toString(&group)},
	})
	if err != nil {
		return err
	}
	for _, command := range commands {
		argv, ok := command[1].([]string)
		if !ok || len(argv) == 0 {
			continue
		}
		if err := j.runBeside(ctx, argv, user, group); err != nil {
			return err
		}
	}
	return nil
}

// runBeside runs a command in a transient service. systemd ends it with its
// children when it takes too long, whatever becomes of this program.
func (j *job) runBeside(ctx context.Context, argv []string, user, group string) error {
	now, err := j.bus.unit(j.Unit)
	if err != nil {
		return err
	}
	properties := []systemd.Property{
		systemd.PropDescription("Reload of " + j.Unit),
		systemd.PropType("oneshot"),
		systemd.PropExecStart(argv, true),
		{Name: "TimeoutStartUSec", Value: dbus.MakeVariant(uint64(reloadLimit.Microseconds()))},
		{Name: "TimeoutStopUSec", Value: dbus.MakeVariant(uint64(time.Second.Microseconds()))},
		{Name: "CollectMode", Value: dbus.MakeVariant("inactive-or-failed")},
		{Name: "Environment", Value: dbus.MakeVariant([]string{fmt.Sprintf("MAINPID=%d", now.MainPID)})},
		{Name: "User", Value: dbus.MakeVariant(user)},
		{Name: "Group", Value: dbus.MakeVariant(group)},
	}
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	done := make(chan string, 1)
	name := fmt.Sprintf("mnw-agent-reload-%d.service", time.Now().UnixNano())
	if _, err := j.jobs.StartTransientUnitContext(ctx, name, "fail", properties, done); err != nil {
		return err
	}
	select {
	case result := <-done:
		if result != "done" {
			return errors.New("the reload failed" + j.bus.lastWords(ctx, name, j.began))
		}
		return nil
	case <-ctx.Done():
		_ = j.jobs.KillUnitWithTarget(context.WithoutCancel(ctx), name, systemd.All, int32(unix.SIGKILL))
		return ctx.Err()
	}
}
