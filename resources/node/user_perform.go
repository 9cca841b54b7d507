package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// This file makes changes of users; user_live.go and user_tree.go say how.

// perform goes through the system's own programs, or edits the files of a tree.
func (c *UserChange) perform(ctx context.Context, m *Machine) error {
	now := c.seen(c.From, readUserDB(m))
	if now.String() != c.From.String() {
		return &MovedError{Subject: c.Subject(), Saw: c.From.String(), Found: now.String()}
	}
	if m.offline {
		return editAccounts(ctx, m, c.edit)
	}
	if err := c.runIdle(ctx, m); err != nil {
		return err
	}
	if now = c.seen(c.To, readUserDB(m)); now.String() != c.To.String() {
		return fmt.Errorf("the user should now be: %s; it is: %s", c.To, now)
	}
	return c.keepCrontab(ctx, m)
}

// runIdle waits for the user's processes where it must, and tries again when one has
// come just before usermod(8) looked.
func (c *UserChange) runIdle(ctx context.Context, m *Machine) error {
	for end := time.Now().Add(shortly); ; {
		if c.needsIdle() {
			m.awaitBrief(ctx, c.Name, "")
		}
		err := c.run(ctx, readUserDB(m))
		if busy := (*busyError)(nil); !errors.As(err, &busy) || time.Now().After(end) {
			return err
		}
		found, lookErr := m.holders(c.Name, "")
		if lookErr != nil || slices.ContainsFunc(found, func(h Holder) bool { return !h.Brief() }) {
			return err
		}
	}
}

// needsIdle says whether usermod(8) makes the change only while the user has no
// processes.
func (c *UserChange) needsIdle() bool {
	_, home := c.To.Fields[UserHome]
	_, uid := c.To.Fields[UserUID]
	return c.From.Present && c.To.Present && (home || uid)
}

// keepCrontab gives a user whose number has changed its own table again: cron runs
// none that belongs to another number.
func (c *UserChange) keepCrontab(ctx context.Context, m *Machine) error {
	if _, ok := c.To.Fields[UserUID]; !ok || !c.From.Present {
		return nil
	}
	table, err := m.crontab(c.Name)
	if err == nil && table != nil {
		err = (&CrontabChange{User: c.Name, To: table}).install(ctx)
	}
	if err != nil {
		return fmt.Errorf("its crontab still belongs to its old number: %w", err)
	}
	return nil
}
