package node

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// A TreeLook is the last look at a tree of which there is a copy in use: what came too
// late for the copy is brought to it. Where both have changed, it is an error, and
// both stay as they are.
type TreeLook struct {
	From string `json:"from"`
	To   string `json:"to"`
	User string `json:"user,omitempty"` // whose home it was
}

// Subject is part of Change.
func (c *TreeLook) Subject() Subject { return Subject{OfPath, c.To} }

// Line is part of Change.
func (c *TreeLook) Line() string {
	return fmt.Sprintf("look at %s once more, and bring what came too late", c.From)
}

// Diff is part of Change.
func (c *TreeLook) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *TreeLook) Inverse() Change { return c }

func (c *TreeLook) lay(*Future) {}

// back has nothing to do: what was brought goes with the copy.
func (c *TreeLook) back(View, bool) (Plan, error) { return Plan{}, nil }

func (c *TreeLook) perform(ctx context.Context, m *Machine) error {
	if m.quick {
		return nil
	}
	return m.withTrees(c.From, c.To, func(t trees) error { return c.look(ctx, m, t) })
}

// look brings to the copy what came too late for it.
func (c *TreeLook) look(ctx context.Context, m *Machine, t trees) error {
	fd, mark, err := t.to.openCopy(c.From)
	if err == nil && fd < 0 {
		err = absentTop(c.To, fd)
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := m.awaitLate(ctx, c.User, c.From); err != nil {
		return err
	}
	if err := m.carryAll(ctx, t.from, fd, mark.Begin, mark.End); err != nil {
		return fmt.Errorf("%s to %s: %w", c.From, c.To, err)
	}
	mark.Stage = lookedOn
	return mark.set(fd)
}
