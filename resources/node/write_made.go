package node

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// This file makes directories and symlinks. They have a name before they have
// their owner, and whoever may write to the directory could put something else
// in its place meanwhile: they are given their owner by descriptor, and only when
// it is certain that they are the new ones.

func (m *Machine) makeDirectory(p place, to State) error {
	if err := unix.Mkdirat(p.dir, p.name, 0o700); err != nil {
		return err
	}
	fd, err := unix.Openat(p.dir, p.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := isNew(fd); err != nil {
		return err
	}
	if err := m.own(fd, to, to.Xattrs); err != nil {
		_ = unix.Unlinkat(p.dir, p.name, unix.AT_REMOVEDIR)
		return err
	}
	return m.sync(p)
}

// isNew refuses a directory that is not the one just made, or just like it: our
// own, closed to all others, and empty.
func isNew(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	n, err := unix.Getdents(fd, make([]byte, 4096))
	if err != nil {
		return err
	}
	const twoNames = 2 * 24 // the entries of . and ..
	if st.Uid != uint32(unix.Geteuid()) || st.Mode&0o077 != 0 || n > twoNames {
		return errors.New("somebody has put another directory in the place of the new one: refused")
	}
	return nil
}

func (m *Machine) writeLink(p place, to State) error {
	if err := p.mayRename(); err != nil {
		return err
	}
	name := p.temporary()
	if err := unix.Symlinkat(to.Target, p.dir, name); err != nil {
		return err
	}
	err := m.bringLink(p, name, to)
	if err != nil {
		_ = unix.Unlinkat(p.dir, name, 0)
		return err
	}
	return m.sync(p)
}

// bringLink gives a new symlink its owner and its name. The time of the write is
// the time at which it is there to be followed.
func (m *Machine) bringLink(p place, name string, to State) error {
	r, err := reach(p.dir, name)
	if err != nil {
		return err
	}
	defer unix.Close(r.fd)
	target, err := readlinkat(r.fd, "")
	if err != nil || r.planted || target != to.Target || r.st.Uid != uint32(unix.Geteuid()) {
		return fmt.Errorf("somebody has put something else in the place of the new symlink: refused")
	}
	uid, gid, err := m.ids(to)
	if err == nil && m.owners {
		err = unix.Fchownat(r.fd, "", uid, gid, unix.AT_EMPTY_PATH)
	}
	if err == nil {
		err = unix.Renameat(p.dir, name, p.dir, p.name)
	}
	if err == nil {
		err = unix.UtimesNanoAt(r.fd, "", atOnce(), unix.AT_EMPTY_PATH)
	}
	return err
}
