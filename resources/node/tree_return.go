package node

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A TreeReturn is the way back from a copy: what is newer in it is brought back to
// the tree that it was made of, and then the copy goes. Nothing goes where both have
// changed.
type TreeReturn struct {
	From string `json:"from"` // the tree
	To   string `json:"to"`   // its copy
	User string `json:"user"`
}

// Subject is part of Change.
func (c *TreeReturn) Subject() Subject { return Subject{OfPath, c.To} }

// Line is part of Change.
func (c *TreeReturn) Line() string {
	return fmt.Sprintf("bring what is newer in %s back to %s, and take the copy away", c.To, c.From)
}

// Diff is part of Change.
func (c *TreeReturn) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *TreeReturn) Inverse() Change { return &TreeSync{From: c.From, To: c.To, User: c.User} }

func (c *TreeReturn) lay(f *Future) {
	f.layPath(c.To, State{}, true, false)
	f.layPath(hiding(c.To), State{}, true, false)
}

// back makes the copy anew.
func (c *TreeReturn) back(v View, _ bool) (Plan, error) {
	now, err := v.Lstat(c.To)
	if err != nil || now.Kind != Absent {
		return Plan{}, err
	}
	top, err := v.Lstat(c.From)
	switch {
	case err != nil:
		return Plan{}, err
	case top.Kind != Directory:
		return Plan{}, &MovedError{Subject: Subject{OfPath, c.From}, Saw: Directory.String(), Found: top.String()}
	}
	size, err := v.Measure(c.From)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Changes: []Change{
		&TreeCopy{From: c.From, To: c.To, User: c.User, Files: size.Files, Bytes: size.Bytes},
		&TreeSync{From: c.From, To: c.To, User: c.User, Top: top},
	}}, nil
}

func (c *TreeReturn) perform(ctx context.Context, m *Machine) error {
	if m.quick {
		return nil
	}
	return m.withTrees(c.From, c.To, func(t trees) error { return c.bringBack(ctx, m, t) })
}

// bringBack takes the copy into hiding before it goes, and looks at it once more there:
// nobody comes to it by its path any more.
func (c *TreeReturn) bringBack(ctx context.Context, m *Machine, t trees) error {
	fd, mark, err := t.to.openCopy(c.From)
	if err == nil && fd >= 0 {
		err = c.hide(ctx, m, t, fd, mark)
		unix.Close(fd)
	}
	if err != nil {
		return err
	}
	hidden := t.to.hiding()
	fd, mark, err = hidden.openCopy(c.From)
	if err != nil || fd < 0 {
		return err
	}
	defer unix.Close(fd)
	if mark.Stage == returning {
		if err := c.bring(ctx, m, t, fd, mark); err != nil {
			return err
		}
		mark.Stage = discarded
		if err := mark.set(fd); err != nil {
			return err
		}
	}
	if err := hidden.discard(ctx); err != nil {
		return err
	}
	return m.sync(hidden)
}

// hide brings what is newer in the copy back, and hides the copy.
func (c *TreeReturn) hide(ctx context.Context, m *Machine, t trees, fd int, mark copyMark) error {
	mounted, err := m.View().MountBelow(c.To)
	if err == nil && mounted != "" {
		err = fmt.Errorf("%s is mounted in %s: unmount it and try again", mounted, c.To)
	}
	if err == nil {
		err = m.awaitNobody(ctx, c.User, c.To)
	}
	if err != nil {
		return err
	}
	if err := t.to.hiding().discard(ctx); err != nil { // of an attempt to copy once more
		return err
	}
	if mark.Stage != returning {
		began := time.Now()
		if err := c.bring(ctx, m, t, fd, mark); err != nil {
			return err
		}
		mark.Stage, mark.End = returning, began
		if err := mark.set(fd); err != nil {
			return err
		}
	}
	err = unix.Renameat2(t.to.dir, t.to.name, t.to.dir, t.to.hidingName(), unix.RENAME_NOREPLACE)
	if err != nil {
		return fmt.Errorf("%s: %w", c.To, explain(err))
	}
	return m.sync(t.to)
}

// bring brings what is newer in the copy back to the tree, and has it on the disk.
func (c *TreeReturn) bring(ctx context.Context, m *Machine, t trees, copy int, mark copyMark) error {
	if err := m.carryAll(ctx, copy, t.from, mark.End, mark.Begin); err != nil {
		return fmt.Errorf("%s is left beside %s: %w", c.To, c.From, err)
	}
	return unix.Syncfs(t.from)
}
