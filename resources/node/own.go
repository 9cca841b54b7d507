package node

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// This file gives what lies at a place its owner, group and mode, and the
// extended attributes that it should have.

// alter gives the file or directory at the place its owner and mode. A file
// with several names is refused when one of them may have been made by somebody
// who hopes for just this.
func (m *Machine) alter(p place, now, to State) error {
	fd, err := m.held(p, now)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return m.own(fd, to, to.Xattrs)
}

// held opens the file or directory at the place when it is what it was seen to be.
func (m *Machine) held(p place, seen State) (fd int, err error) {
	r, err := m.reach(p)
	if err != nil {
		return 0, err
	}
	defer unix.Close(r.fd)
	seen.Content = nil
	if found := m.state(&r.st, ""); !seen.Matches(found) {
		return 0, &MovedError{Subject: Subject{OfPath, p.path}, Saw: seen.String(), Found: found.String()}
	}
	return reopen(r.fd)
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

// own gives an open file its owner, then its extended attributes, if they are
// known, then its mode: chown(2) takes capabilities, setuid and setgid away, and an
// ACL brings a mode of its own. Whatever is not known stays as it is.
func (m *Machine) own(fd int, to State, x Xattrs) error {
	if err := m.chown(fd, to, x != nil); err != nil {
		return fmt.Errorf("chown: %w", err)
	}
	if x != nil {
		if err := setXattrs(fd, x); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, uint32(to.Mode)); err != nil {
		return fmt.Errorf("chmod: %w", err)
	}
	return nil
}

// chown gives an open file its owner and group, and keeps its capabilities unless
// they are about to be set.
func (m *Machine) chown(fd int, to State, set bool) error {
	if !m.owners {
		return nil
	}
	uid, gid, err := m.ids(to)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if (uid < 0 || uint32(uid) == st.Uid) && (gid < 0 || uint32(gid) == st.Gid) {
		return nil
	}
	kept, err := getXattr(fd, capability)
	none := errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP)
	if err != nil && !none {
		return err
	}
	if err := unix.Fchown(fd, uid, gid); err != nil || none || set {
		return err
	}
	return unix.Fsetxattr(fd, capability, []byte(kept), 0)
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
			return 0, 0, err
		}
	}
	if s.Group != "" {
		if gid, err = db.gid(s.Group); err != nil {
			return 0, 0, err
		}
	}
	return uid, gid, nil
}
