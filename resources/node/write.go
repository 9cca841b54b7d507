package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
	st, there, err := p.lstat()
	if err != nil || !there {
		return State{}, err
	}
	target := ""
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		if target, err = readlinkat(p.dir, p.name); err != nil {
			return State{}, err
		}
	}
	s := m.state(&st, target)
	if s.Kind != File || !content {
		return s, nil
	}
	file, err := p.open(unix.O_RDONLY)
	if err != nil {
		return State{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	s.Content = NewContent(data)
	return s, err
}

// state is what a stat(2) tells, with the names of the owners as they are now.
func (m *Machine) state(st *unix.Stat_t, target string) State {
	return (&Live{m: m, users: m.userDB}).state(st, target)
}

// open opens the file or directory at the place itself, never what a symlink
// there leads to.
func (p place) open(flags int) (*os.File, error) {
	fd, err := unix.Openat(p.dir, p.name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), p.path), nil
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

// makeDirectory makes a directory that nobody else may enter until it is complete.
func (m *Machine) makeDirectory(p place, to State) error {
	if err := unix.Mkdirat(p.dir, p.name, 0o700); err != nil {
		return err
	}
	if err := m.alter(p, State{Kind: Directory}, to); err != nil {
		_ = unix.Unlinkat(p.dir, p.name, unix.AT_REMOVEDIR)
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
		if x, err = p.xattrs(); err != nil {
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

func (m *Machine) writeLink(p place, to State) error {
	if err := p.mayRename(); err != nil {
		return err
	}
	temporary := p.temporary()
	if err := unix.Symlinkat(to.Target, p.dir, temporary); err != nil {
		return err
	}
	err := m.lchown(p, temporary, to)
	if err == nil {
		err = unix.Renameat(p.dir, temporary, p.dir, p.name)
	}
	if err != nil {
		_ = unix.Unlinkat(p.dir, temporary, 0)
		return err
	}
	if err := unix.UtimesNanoAt(p.dir, p.name, atOnce(), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	return m.sync(p)
}

// lchown gives a symlink its owner and group.
func (m *Machine) lchown(p place, name string, to State) error {
	uid, gid, err := m.ids(to)
	if err == nil && m.owners {
		err = unix.Fchownat(p.dir, name, uid, gid, unix.AT_SYMLINK_NOFOLLOW)
	}
	if err != nil {
		return fmt.Errorf("chown: %w", err)
	}
	return nil
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
