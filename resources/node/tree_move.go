package node

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A TreeMove gives what lies at a path another path on the same file system, with
// all that is below it: a rename, which keeps every inode as it is. What is at its top
// has the owner and mode that it is to have there before it comes there. It never
// replaces anything.
type TreeMove struct {
	From, To     string
	Was, Becomes State // of its top, without content; they differ in owner and mode alone
}

// Subject is part of Change.
func (c *TreeMove) Subject() Subject { return Subject{OfPath, c.From} }

// Line is part of Change.
func (c *TreeMove) Line() string {
	text := fmt.Sprintf("move %s %s to %s", c.Was.Kind, c.From, c.To)
	if words := c.atTop(c.From).altered(); len(words) > 0 {
		text += ": " + strings.Join(words, ", ")
	}
	return text
}

// Diff is part of Change.
func (c *TreeMove) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *TreeMove) Inverse() Change { return c.backFrom(c.Becomes) }

// backFrom is the way back from where the move led, whatever its top has become there.
func (c *TreeMove) backFrom(now State) *TreeMove {
	return &TreeMove{From: c.To, To: c.From, Was: now, Becomes: c.Was}
}

// atTop is what the move makes of its top, as a change where that lies.
func (c *TreeMove) atTop(at string) *PathChange {
	return &PathChange{Path: at, From: c.Was, To: c.Becomes}
}

// alters says whether its top gets another owner or mode.
func (c *TreeMove) alters() bool { return !c.Was.Matches(c.Becomes) }

func (c *TreeMove) lay(f *Future) { f.layMove(c.From, c.To, c.Becomes) }

// back moves it back where nothing has come in its place. What has been put into it
// meanwhile comes along. Where it lies in its old place again, a move that was cut
// short has left its top as it was to become.
func (c *TreeMove) back(v View, anyhow bool) (Plan, error) {
	old, err := v.Lstat(c.From)
	if err != nil {
		return Plan{}, err
	}
	now, err := v.Lstat(c.To)
	if err != nil {
		return Plan{}, err
	}
	old.Content, now.Content = nil, nil
	switch top := c.atTop(c.From); {
	case now.Kind == Absent && old.Kind == c.Was.Kind:
		if top.alters() && !c.Was.Matches(old) && (c.Becomes.Matches(old) || top.between(old) || anyhow) {
			return Plan{Changes: []Change{top.backFrom(old)}}, nil
		}
		return Plan{}, nil
	case now.Kind != c.Becomes.Kind:
		return Plan{}, &MovedError{Subject: Subject{OfPath, c.To}, Saw: c.Becomes.String(), Found: now.String()}
	case old.Kind != Absent:
		return Plan{}, &MovedError{Subject: c.Subject(), Saw: State{}.String(), Found: old.String()}
	}
	return Plan{Changes: []Change{c.backFrom(now)}}, nil
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
	if err != nil {
		return err
	}
	there, err := m.stateAt(to, false)
	switch {
	case err != nil:
		return err
	case !c.Was.Matches(now):
		return &MovedError{Subject: c.Subject(), Saw: c.Was.String(), Found: now.String()}
	case there.Kind != Absent:
		return &MovedError{Subject: Subject{OfPath, c.To}, Saw: State{}.String(), Found: there.String()}
	}
	if err := c.carry(m, from, to); err != nil {
		return fmt.Errorf("%s: move it to %s: %w", c.From, c.To, explainMove(err))
	}
	return errors.Join(m.sync(from), m.sync(to))
}

// carry gives the top its owner and mode, and then its place. When that fails, it is
// as it was.
func (c *TreeMove) carry(m *Machine, from, to place) error {
	if !c.alters() {
		return c.rename(m, from, to)
	}
	fd, err := m.held(from, c.Was)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	err = m.own(fd, c.Becomes, nil)
	if err == nil {
		err = c.rename(m, from, to)
	}
	if err != nil {
		return errors.Join(err, m.own(fd, c.Was, nil))
	}
	return nil
}

func (c *TreeMove) rename(m *Machine, from, to place) error {
	err := unix.Renameat2(from.dir, from.name, to.dir, to.name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EXDEV) && m.quick && c.Becomes.Kind == Directory {
		return m.makeDirectory(to, c.Becomes) // some overlays rename no directory: an empty one will do, since nothing refers to it
	}
	return err
}

func explainMove(err error) error {
	if errors.Is(err, unix.EXDEV) {
		return fmt.Errorf("%w: something is mounted there, or its file system cannot rename a directory: move it away by hand", err)
	}
	return explain(err)
}
