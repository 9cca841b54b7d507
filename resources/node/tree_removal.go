package node

import (
	"context"
	"errors"
	"fmt"
)

// A TreeRemoval deletes what lies at a path, with all that is below it. It is the one
// change that cannot be taken back: what it deletes may be gigabytes, and is in no
// journal. It is for what was moved aside long before.
type TreeRemoval struct {
	Path  string
	State State // what goes, without content
}

// Subject is part of Change.
func (c *TreeRemoval) Subject() Subject { return Subject{OfPath, c.Path} }

// Line is part of Change.
func (c *TreeRemoval) Line() string {
	return fmt.Sprintf("delete %s %s for good", c.State.Kind, c.Path)
}

// Diff is part of Change.
func (c *TreeRemoval) Diff() Diff { return Diff{} }

// Inverse is part of Change. There is none: it is one that refuses to be performed.
func (c *TreeRemoval) Inverse() Change { return &TreeRemoval{Path: c.Path} }

func (c *TreeRemoval) lay(f *Future) { f.layPath(c.Path, State{}, true, false) }

func (c *TreeRemoval) gone() string {
	return fmt.Sprintf("%s was deleted for good: nothing but a backup brings it back", c.Path)
}

// back is refused; anyhow, it is said.
func (c *TreeRemoval) back(_ View, anyhow bool) (Plan, error) {
	if !anyhow {
		return Plan{}, errors.New(c.gone())
	}
	return Plan{Notes: []string{c.gone()}}, nil
}

// perform deletes what is in the tree first. What another disk holds stays.
func (c *TreeRemoval) perform(ctx context.Context, m *Machine) error {
	if c.State.Kind == Absent {
		return errors.New(c.gone())
	}
	if m.quick {
		return nil // no judge is to see it, and to take it away from an overlay costs as much as on the disk
	}
	p, err := m.place(c.Path)
	if err != nil {
		return err
	}
	defer p.close()
	now, err := m.stateAt(p, false)
	switch {
	case err != nil:
		return err
	case !c.State.Matches(now):
		return &MovedError{Subject: c.Subject(), Saw: c.State.String(), Found: now.String()}
	}
	if err := discardTree(ctx, p.dir, p.name); err != nil {
		return fmt.Errorf("%s: %w", c.Path, explain(err))
	}
	return m.sync(p)
}
