package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A TreeSync brings the copy that a TreeCopy has made up to date, when nothing uses
// the tree any more, holds it against the tree until a whole pass finds no
// difference, and gives it its place. The tree itself stays as it is.
//
// Of every file kind, owner, mode, size, time, extended attributes, target and hard
// links are compared; the content, byte by byte, when it was copied and whenever the
// file has changed since the first pass began.
type TreeSync struct {
	From string
	To   string
	User string
	Was  State // what is in the place of the copy: nothing, or an empty directory
	Top  State // of the tree
}

// Subject is part of Change.
func (c *TreeSync) Subject() Subject { return Subject{OfPath, c.To} }

// Line is part of Change.
func (c *TreeSync) Line() string {
	return fmt.Sprintf("bring the copy up to date with %s, verify it, and put it to %s", c.From, c.To)
}

// Diff is part of Change.
func (c *TreeSync) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *TreeSync) Inverse() Change { return &TreeReturn{From: c.From, To: c.To, User: c.User} }

func (c *TreeSync) lay(f *Future) { f.layCopy(c.From, c.To) }

// back brings what is newer in the copy back, and takes the copy away.
func (c *TreeSync) back(v View, _ bool) (Plan, error) {
	now, err := v.Lstat(c.To)
	if err != nil {
		return Plan{}, err
	}
	var plan Plan
	mark := seenMark(v, c.To)
	hidden := seenMark(v, hiding(c.To))
	switch {
	case now.Kind == Directory && mark.Of == c.From,
		now.Kind == Absent && hidden.Of == c.From && hidden.Stage != filling:
		plan.Changes = append(plan.Changes, c.Inverse())
	case now.Kind == Absent, c.Was.Kind == Directory && c.Was.Matches(now):
	default:
		return Plan{}, &MovedError{Subject: c.Subject(), Saw: "a copy of " + c.From, Found: now.String()}
	}
	if c.Was.Kind == Directory && (now.Kind == Absent || len(plan.Changes) > 0) {
		plan.Changes = append(plan.Changes, &PathChange{Path: c.To, To: c.Was})
	}
	return plan, nil
}

func (c *TreeSync) perform(ctx context.Context, m *Machine) error {
	if m.quick {
		return m.sketch(c)
	}
	return m.withTrees(c.From, c.To, func(t trees) error { return c.complete(ctx, m, t) })
}

// complete brings the copy up to date, and puts it to its place.
func (c *TreeSync) complete(ctx context.Context, m *Machine, t trees) error {
	hidden := t.to.hiding()
	fd, mark, err := hidden.openCopy(c.From)
	if err == nil && (fd < 0 || mark.Stage != filling) {
		err = fmt.Errorf("there is no copy to be brought up to date: apply again")
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := c.settle(ctx, m, t, fd, &mark); err != nil {
		return err
	}
	return t.place(m, fd, mark)
}

// settle settles the copy at a time in which nobody comes to the tree.
func (c *TreeSync) settle(ctx context.Context, m *Machine, t trees, fd int, mark *copyMark) error {
	for end := time.Now().Add(shortly); ; {
		if err := m.awaitNobody(ctx, c.User, c.From); err != nil {
			return err
		}
		if err := t.settle(ctx, m, fd, mark); err != nil {
			return fmt.Errorf("bring %s up to date with %s: %w", c.To, c.From, err)
		}
		if err := m.nobody(c.User, c.From); err == nil || time.Now().After(end) {
			return err
		}
	}
}

// settle makes passes until one finds nothing to be done. What the disk was told so
// far is on it then.
func (t trees) settle(ctx context.Context, m *Machine, fd int, mark *copyMark) error {
	const passes = 8
	last := ""
	for range passes {
		began := time.Now()
		pass, err := m.mirror(t.from, fd, mark.Begin)
		if err == nil {
			err = pass.level(ctx, t.from, fd, "")
		}
		if err != nil {
			return err
		}
		mark.Begin = began.Add(-tick)
		if last = pass.last; pass.fixed > 0 {
			continue
		}
		mark.End = time.Now().Add(tick)
		if err := unix.Syncfs(fd); err != nil {
			return err
		}
		time.Sleep(time.Until(mark.End.Add(tick)))
		return nil
	}
	return fmt.Errorf("%s changes all the time: stop what writes to it and apply again", last)
}

// place gives the copy its place, complete and with its own owner and mode.
func (t trees) place(m *Machine, fd int, mark copyMark) error {
	if err := t.mayTake(); err != nil {
		return err
	}
	mark.Stage = copied
	pass, err := m.mirror(t.from, fd, mark.Begin)
	if err != nil {
		return err
	}
	if err := errors.Join(mark.set(fd), inTree(t.to.path, pass.finish(t.from, fd, ""))); err != nil {
		return err
	}
	if err := unix.Fsync(fd); err != nil {
		return err
	}
	err = unix.Renameat(t.to.dir, t.to.hidingName(), t.to.dir, t.to.name)
	if err != nil {
		mark.Stage = filling
		return errors.Join(fmt.Errorf("%s: %w", t.to.path, explain(err)), mark.set(fd))
	}
	return m.sync(t.to)
}

// mayTake says what is in the place of the copy: nothing that would be lost.
func (t trees) mayTake() error {
	fd, err := t.to.openTop()
	if err != nil || fd < 0 {
		return err
	}
	dir := os.NewFile(uintptr(fd), t.to.path)
	defer dir.Close()
	names, err := dir.Readdirnames(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(names) > 0 {
		return &MovedError{Subject: Subject{OfPath, t.to.path}, Saw: "absent or empty", Found: "a directory with " + some(names) + " in it"}
	}
	return nil
}
