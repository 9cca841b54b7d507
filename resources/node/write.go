package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// This file performs PathChanges: by descriptor, by rename, and only on what
// the change saw.

func (c *PathChange) perform(_ context.Context, m *Machine) error {
	p, err := m.place(c.Path)
	if err != nil {
		return err
	}
	defer p.close()
	now, err := m.stateAt(p, c.To.Content != nil || c.From.Content != nil)
	if err != nil {
		return err
	}
	if !c.From.Matches(now) {
		return &MovedError{Subject: c.Subject(), Saw: c.From.String(), Found: now.String()}
	}
	if err := m.bring(p, now, c.To); err != nil {
		return fmt.Errorf("%s: %w", c.Path, explain(err))
	}
	return nil
}

// stateAt is what lies at a place now, with the content of a file if asked for.
func (m *Machine) stateAt(p place, content bool) (State, error) {
	r, err := hold(p.dir, p.name)
	if errors.Is(err, unix.ENOENT) {
		return State{}, nil
	}
	if err != nil {
		return State{}, err
	}
	defer unix.Close(r.fd)
	target := ""
	if r.st.Mode&unix.S_IFMT == unix.S_IFLNK {
		if target, err = readlinkat(r.fd, ""); err != nil {
			return State{}, err
		}
	}
	s := m.state(&r.st, target)
	if s.Kind != File || !content {
		return s, nil
	}
	data, err := readHeld(r.fd, p.path)
	s.Content = NewContent(data)
	return s, err
}

// state is what a stat(2) tells, with the names of the owners as they are now.
func (m *Machine) state(st *unix.Stat_t, target string) State {
	return (&Live{m: m, users: m.userDB}).state(st, target)
}

// bring makes what lies at the place, now, into to.
func (m *Machine) bring(p place, now, to State) error {
	switch {
	case to.Kind == Absent:
		return m.remove(p, now)
	case to.Kind == File && to.Content != nil:
		return m.writeFile(p, now, to)
	case to.Kind == Symlink:
		return m.writeLink(p, to)
	case to.Kind == Directory && now.Kind == Absent:
		return m.makeDirectory(p, to)
	}
	if err := m.alter(p, now, to); err != nil {
		return err
	}
	return m.sync(p)
}

func (m *Machine) remove(p place, now State) error {
	flags := 0
	if now.Kind == Directory {
		flags = unix.AT_REMOVEDIR
	}
	if err := unix.Unlinkat(p.dir, p.name, flags); err != nil {
		return err
	}
	return m.sync(p)
}

// writeFile puts a new file in the place of what is there: complete, with its
// owner, mode and extended attributes, in one step.
func (m *Machine) writeFile(p place, now, to State) error {
	x := to.Xattrs
	if x == nil && now.Kind == File {
		var err error
		if x, err = m.inherited(p, to); err != nil {
			return err
		}
	}
	file, err := m.draft(p, to.Content)
	if err != nil {
		return err
	}
	defer file.discard()
	if err := m.own(int(file.Fd()), to, x); err != nil {
		return err
	}
	if err := file.settle(m.quick); err != nil {
		return err
	}
	// The time of the write is the time at which the file is there to be read: a
	// service that started while it was being written has not read it.
	if err := touch(int(file.Fd())); err != nil {
		return err
	}
	return m.sync(p)
}

// touch sets a file's times to now, by descriptor. The kernel's own idea of now
// is some milliseconds old, and systemd's is not.
func touch(fd int) error {
	return unix.UtimesNanoAt(unix.AT_FDCWD, procFD(fd), atOnce(), 0)
}

// atOnce is now, for both times of a file.
func atOnce() []unix.Timespec {
	now := unix.NsecToTimespec(time.Now().UnixNano())
	return []unix.Timespec{now, now}
}

// explain takes the paths of this process out of a system call's error, and
// adds what a person can do about it.
func explain(err error) error {
	var opened *fs.PathError
	if errors.As(err, &opened) {
		err = opened.Err
	}
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: something is mounted there: unmount it, or leave it out of the manifest", err)
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("%w: mount it writable and apply again", err)
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("%w: make room and apply again", err)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: the file or its directory may be immutable (see lsattr; chattr -i undoes it)", err)
	}
	return err
}
