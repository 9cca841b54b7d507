package node

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// This file gives what lies at a place its owner, group and mode.

// alter gives the file or directory at the place its owner and mode. A file
// with several names is refused when one of them may have been made by somebody
// who hopes for just this.
func (m *Machine) alter(p place, now, to State) error {
	r, err := m.reach(p)
	if err != nil {
		return err
	}
	defer unix.Close(r.fd)
	now.Content = nil
	if found := m.state(&r.st, ""); !now.Matches(found) {
		return &MovedError{Subject: Subject{OfPath, p.path}, Saw: now.String(), Found: found.String()}
	}
	fd, err := reopen(r.fd)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return m.own(fd, to)
}

// reach holds what lies at the place open, unless it is a file that may be a hard
// link to another one. A preview, where nothing can be lost, need not be certain.
func (m *Machine) reach(p place) (reached, error) {
	if m.quick {
		return hold(p.dir, p.name)
	}
	r, err := reach(p.dir, p.name)
	if err == nil && r.planted {
		unix.Close(r.fd)
		err = severalNames(uint64(r.st.Nlink))
	}
	return r, err
}

// own gives an open file its owner, then its mode, which chown(2) may clear.
func (m *Machine) own(fd int, to State) error {
	if m.owners {
		uid, gid, err := m.ids(to)
		if err != nil {
			return err
		}
		if err := unix.Fchown(fd, uid, gid); err != nil {
			return fmt.Errorf("chown: %w", err)
		}
	}
	if err := unix.Fchmod(fd, uint32(to.Mode)); err != nil {
		return fmt.Errorf("chmod: %w", err)
	}
	return nil
}

// ids looks up the numbers of a state's owner and group; -1 for one that is not
// to be changed.
func (m *Machine) ids(s State) (uid, gid int, err error) {
	uid, gid = -1, -1
	if !m.owners {
		return uid, gid, nil
	}
	db := m.userDB()
	if s.Owner != "" {
		if uid, err = db.uid(s.Owner); err != nil {
			return 0, 0, fmt.Errorf("chown: %w", err)
		}
	}
	if s.Group != "" {
		if gid, err = db.gid(s.Group); err != nil {
			return 0, 0, fmt.Errorf("chown: %w", err)
		}
	}
	return uid, gid, nil
}
