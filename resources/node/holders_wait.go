package node

import (
	"context"
	"slices"
	"strings"
	"time"
)

// This file waits for processes that are in the way to go: as long as it takes a long
// push while everything runs, so that the time in which what runs is stopped is not
// spent waiting; shortly in that time.

const (
	// shortly is how long a process that came just now may take to go.
	shortly = 15 * time.Second
	// leisure is how long those of sessions may take while everything runs.
	leisure = time.Minute
	// loginTime is how long a login may take from its name to its session.
	loginTime = 5 * time.Second
)

// Brief says whether a process may soon be gone by itself, as a git push is.
func (h Holder) Brief() bool { return h.Age < shortly || h.Manager != "" }

func (h Holder) ofSession() bool { return h.Unit == "" }

// awaitSessions waits for the processes of sessions to go, and names those that do not.
// Those of the system's units may be stopped later.
func (m *Machine) awaitSessions(ctx context.Context, user, home string) error {
	began := time.Now()
	left, err := m.awaitGone(ctx, user, home, leisure, func(h Holder) bool {
		return h.ofSession() || h.Brief() && time.Since(began) < shortly
	})
	if err != nil {
		return err
	}
	return InTheWay(home, slices.DeleteFunc(left, func(h Holder) bool { return !h.ofSession() }))
}

// awaitNobody waits for short processes to go, and names those that do not.
func (m *Machine) awaitNobody(ctx context.Context, user, home string) error {
	left, err := m.awaitGone(ctx, user, home, shortly, func(Holder) bool { return true })
	if err != nil {
		return err
	}
	return InTheWay(home, left)
}

// awaitLate waits for what still works in the old home of a user when the home has
// changed: sshd asks for it when it hears the name, some time before the session.
func (m *Machine) awaitLate(ctx context.Context, user, old string) error {
	if m.offline {
		return nil
	}
	began := time.Now()
	for time.Since(began) < loginTime && logsIn(user, time.Since(began)) && context.Cause(ctx) == nil {
		time.Sleep(50 * time.Millisecond)
	}
	return m.awaitNobody(ctx, "", old)
}

// logsIn says whether sshd is at a login of the user, or has one in a session, that
// began longer ago than that. It says so in the title of its process.
func logsIn(user string, ago time.Duration) bool {
	return slices.ContainsFunc(procs(), func(p proc) bool {
		return strings.HasPrefix(string(p.read("cmdline")), "sshd: "+user+" [priv]") && p.age() > ago
	})
}

// awaitBrief waits for processes that came just now to go.
func (m *Machine) awaitBrief(ctx context.Context, user, home string) {
	_, _ = m.awaitGone(ctx, user, home, shortly, Holder.Brief)
}

// nobody is an error that names the processes in the way, if there are any.
func (m *Machine) nobody(user, home string) error {
	found, err := m.holders(user, home)
	if err != nil {
		return err
	}
	return InTheWay(home, found)
}

// awaitGone waits until no process is in the way that is waited for, and returns those
// that are there then.
func (m *Machine) awaitGone(ctx context.Context, user, home string, limit time.Duration, waited func(Holder) bool) ([]Holder, error) {
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		found, err := m.holders(user, home)
		if err != nil || !slices.ContainsFunc(found, waited) || time.Now().After(end) || context.Cause(ctx) != nil {
			return found, err
		}
		dismiss(ctx, found)
	}
}

// dismiss ends what systemd keeps for a user after the last session, when that is all
// there is: with a push every few seconds it would never go.
func dismiss(ctx context.Context, found []Holder) {
	manager := ""
	for _, h := range found {
		if h.ofSession() && h.Manager == "" {
			return
		}
		manager = max(manager, h.Manager)
	}
	if manager != "" {
		_ = program(ctx, "systemctl", "--no-ask-password", "stop", manager) // what does not end is named
	}
}
