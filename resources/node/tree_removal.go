package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"golang.org/x/sys/unix"
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
	st, _, err := p.lstat()
	if err == nil {
		err = deleteTree(ctx, p.dir, p.name, st.Dev)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Path, explain(err))
	}
	return m.sync(p)
}

// deleteTree deletes a name in a directory that is held open, on one device.
func deleteTree(ctx context.Context, dir int, name string, device uint64) error {
	err := unix.Unlinkat(dir, name, 0)
	if !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EPERM) {
		return err
	}
	fd, openErr := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if openErr != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), path.Base(name))
	defer file.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Dev != device {
		return fmt.Errorf("%s: %w", name, unix.EBUSY)
	}
	if err := deleteEntries(ctx, file, device); err != nil {
		return err
	}
	return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR)
}

// deleteEntries deletes what is in a directory. Names that are read while others go
// may be left out, so it is read again until there is none.
func deleteEntries(ctx context.Context, dir *os.File, device uint64) error {
	const some = 1000
	for {
		if _, err := dir.Seek(0, io.SeekStart); err != nil {
			return err
		}
		names, err := dir.Readdirnames(some)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := errors.Join(context.Cause(ctx)); err != nil {
				return err
			}
			if err := deleteTree(ctx, int(dir.Fd()), name, device); err != nil && !errors.Is(err, unix.ENOENT) {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
}
