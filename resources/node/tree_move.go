package node

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A TreeMove gives what lies at a path another path on the same file system, with
// all that is below it: a rename, which keeps every inode as it is. It never
// replaces anything.
type TreeMove struct {
	From, To string
	State    State // what moves, without content
}

// Subject is part of Change.
func (c *TreeMove) Subject() Subject { return Subject{OfPath, c.From} }

// Line is part of Change.
func (c *TreeMove) Line() string {
	return fmt.Sprintf("move %s %s to %s", c.State.Kind, c.From, c.To)
}

// Diff is part of Change.
func (c *TreeMove) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *TreeMove) Inverse() Change { return &TreeMove{From: c.To, To: c.From, State: c.State} }

func (c *TreeMove) lay(f *Future) { f.layMove(c.From, c.To) }

// back moves it back where nothing has come in its place. What has been put into it
// meanwhile comes along.
func (c *TreeMove) back(v View, _ bool) (Plan, error) {
	old, err := v.Lstat(c.From)
	if err != nil {
		return Plan{}, err
	}
	now, err := v.Lstat(c.To)
	now.Content = nil
	switch {
	case err != nil:
		return Plan{}, err
	case now.Kind == Absent && old.Kind == c.State.Kind:
		return Plan{}, nil
	case now.Kind != c.State.Kind:
		return Plan{}, &MovedError{Subject: Subject{OfPath, c.To}, Saw: c.State.String(), Found: now.String()}
	case old.Kind != Absent:
		return Plan{}, &MovedError{Subject: c.Subject(), Saw: State{}.String(), Found: old.String()}
	}
	return Plan{Changes: []Change{&TreeMove{From: c.To, To: c.From, State: now}}}, nil
}

func (c *TreeMove) perform(_ context.Context, m *Machine) error {
	from, err := m.place(c.From)
	if err != nil {
		return err
	}
	defer from.close()
	to, err := m.place(c.To)
	if err != nil {
		return err
	}
	defer to.close()
	now, err := m.stateAt(from, false)
	switch {
	case err != nil:
		return err
	case !c.State.Matches(now):
		return &MovedError{Subject: c.Subject(), Saw: c.State.String(), Found: now.String()}
	}
	err = unix.Renameat2(from.dir, from.name, to.dir, to.name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EEXIST) {
		there, err := m.stateAt(to, false)
		return errors.Join(err, &MovedError{Subject: Subject{OfPath, c.To}, Saw: State{}.String(), Found: there.String()})
	}
	if errors.Is(err, unix.EXDEV) && m.quick && now.Kind == Directory {
		return m.makeDirectory(to, c.State) // some overlays rename no directory: an empty one will do, since nothing refers to it
	}
	if err != nil {
		return fmt.Errorf("%s: move it to %s: %w", c.From, c.To, explainMove(err))
	}
	return errors.Join(m.sync(from), m.sync(to))
}

func explainMove(err error) error {
	if errors.Is(err, unix.EXDEV) {
		return fmt.Errorf("%w: something is mounted there, or its file system cannot rename a directory: move it away by hand", err)
	}
	return explain(err)
}
