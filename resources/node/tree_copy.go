package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A TreeCopy copies a tree to where it will be, in hiding, while the tree is in use:
// the bulk of it, before anything has to stop. Hard links, extended attributes, ACLs,
// holes, owners, modes and times are kept. A TreeSync completes the copy.
type TreeCopy struct {
	From string `json:"from"`
	To   string `json:"to"`
	User string `json:"user"` // whose processes a copy must not be made behind
	// Files and Bytes are what there is to copy.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Prepares says that the change can be made while what runs goes on.
func (c *TreeCopy) Prepares() bool { return true }

// Subject is part of Change.
func (c *TreeCopy) Subject() Subject { return Subject{OfPath, hiding(c.To)} }

// Line is part of Change.
func (c *TreeCopy) Line() string {
	return fmt.Sprintf("copy %s to %s (%s, %s)", c.From, c.To, counted(c.Files), sized(c.Bytes))
}

// Diff is part of Change.
func (c *TreeCopy) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *TreeCopy) Inverse() Change { return &TreeReturn{From: c.From, To: c.To, User: c.User} }

// lay shows nothing: the copy is in hiding.
func (c *TreeCopy) lay(*Future) {}

// back takes away what is in hiding.
func (c *TreeCopy) back(v View, _ bool) (Plan, error) {
	s, err := v.Lstat(hiding(c.To))
	if err != nil || s.Kind == Absent {
		return Plan{}, err
	}
	return Plan{Changes: []Change{c.Inverse()}}, nil
}

// perform goes on with a copy that was left, or takes one back into hiding that came
// to its place before a run was cut short.
func (c *TreeCopy) perform(ctx context.Context, m *Machine) error {
	if m.quick {
		return nil
	}
	return m.withTrees(c.From, c.To, func(t trees) error { return c.fill(ctx, m, t) })
}

// fill fills the copy in hiding.
func (c *TreeCopy) fill(ctx context.Context, m *Machine, t trees) error {
	fd, mark, err := t.takeUp(ctx, m)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	pass, err := m.mirror(t.from, fd, mark.Begin)
	if err == nil {
		err = pass.level(ctx, t.from, fd, "")
	}
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", c.From, c.To, err)
	}
	return m.awaitSessions(ctx, c.User, c.From)
}

// takeUp opens the copy in hiding: a new one, or one that was left.
func (t trees) takeUp(ctx context.Context, m *Machine) (int, copyMark, error) {
	if err := t.takeBack(ctx, m); err != nil {
		return -1, copyMark{}, err
	}
	hidden := t.to.hiding()
	fd, mark, err := hidden.openCopy(t.at)
	if err == nil && fd >= 0 && mark.Stage != filling {
		unix.Close(fd)
		if mark.Stage == returning {
			return -1, mark, fmt.Errorf("%s holds what was not brought back to %s yet: finish that first, with mnw-agent rollback", hidden.path, t.at)
		}
		fd, err = -1, hidden.discard(ctx)
	}
	if err != nil || fd >= 0 {
		return fd, mark, err
	}
	if err := unix.Mkdirat(hidden.dir, hidden.name, 0o700); err != nil {
		return -1, mark, fmt.Errorf("%s: %w", hidden.path, explain(err))
	}
	if fd, err = hidden.openTop(); err != nil {
		return -1, mark, err
	}
	mark = copyMark{Of: t.at, Stage: filling, Begin: time.Now().Add(-tick)}
	if err = errors.Join(isNew(fd), mark.set(fd)); err != nil {
		unix.Close(fd)
		_ = unix.Unlinkat(hidden.dir, hidden.name, unix.AT_REMOVEDIR)
		return -1, mark, fmt.Errorf("%s: %w", hidden.path, err)
	}
	return fd, mark, nil
}

// takeBack hides a copy that has come to its place and is used by nobody yet.
func (t trees) takeBack(ctx context.Context, m *Machine) error {
	fd, err := t.to.openTop()
	if err != nil || fd < 0 {
		return err
	}
	defer unix.Close(fd)
	mark, err := copyMarkOf(fd)
	if err != nil || mark.Of != t.at {
		return err // what is there is minded when the copy takes its place
	}
	pass, err := m.carry(fd, t.from, mark.End, mark.Begin)
	if err != nil {
		return err
	}
	if err := pass.level(ctx, fd, t.from, ""); err != nil {
		return err
	}
	if newer := append(pass.conflicts, pass.newer...); len(newer) > 0 {
		return fmt.Errorf("%s is a copy of %s, and has changed since it was made: %s: bring that to %s and remove the copy", t.to.path, t.at, some(newer), t.at)
	}
	mark.Stage = filling
	if err := mark.set(fd); err != nil {
		return err
	}
	return unix.Renameat2(t.to.dir, t.to.name, t.to.dir, t.to.hidingName(), unix.RENAME_NOREPLACE)
}

// counted is a number of files in words.
func counted(n int) string {
	if n == 1 {
		return "1 file"
	}
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text + " files"
}

// sized is a number of bytes in the unit that suits it.
func sized(n int64) string {
	size, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && size >= 1024 {
		size, units = size/1024, units[1:]
	}
	if units[0] == "B" || size >= 10 {
		return fmt.Sprintf("%.0f %s", size, units[0])
	}
	return fmt.Sprintf("%.1f %s", size, units[0])
}
