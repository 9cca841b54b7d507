package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// This file sweeps up after a run that was killed. A file that was being written
// had no name yet, or for a moment a temporary one (see draft.go); the latter may
// be left, and nobody else will ever take it away. The system's own programs, such
// as useradd, deal with what they leave themselves.

// Sweep removes the temporary files that a run which was killed while it
// performed c, begun at or after since, may have left beside c's path.
func (m *Machine) Sweep(c Change, since time.Time) error {
	switch c := c.(type) {
	case *PathChange:
		return m.sweep(c.Path, since, c.From.Owner, c.To.Owner)
	case *CrontabChange:
		if m.offline {
			return m.sweep(CrontabFile(c.User), since, c.User)
		}
	case *UserChange, *GroupChange:
		if m.offline {
			return errors.Join(m.sweep(passwdFile, since), m.sweep(shadowFile, since), m.sweep(groupFile, since), m.sweep(gshadowFile, since))
		}
	case *TreeCopy:
		return m.sweepCopy(c.From, c.To)
	case *TreeSync:
		return m.sweepCopy(c.From, c.To)
	}
	return nil
}

// sweep removes what was left beside a path for it, with one of the owners or
// still of root or the caller. A directory that is not there holds nothing.
func (m *Machine) sweep(at string, since time.Time, owners ...string) error {
	p, err := m.place(at)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer p.close()
	names, err := p.names()
	if err != nil {
		return fmt.Errorf("%s: list its directory: %w", at, err)
	}
	for _, name := range names {
		if !p.isTemporary(name) {
			continue
		}
		left := place{dir: p.dir, name: name, path: path.Join(path.Dir(at), name)}
		if err := m.sweepOne(left, since, owners); err != nil {
			return fmt.Errorf("%s: remove it: %w", left.path, err)
		}
	}
	return nil
}

// sweepOne removes what lies at a place if the run that was killed can have made
// it. A file system may tell times two seconds too early.
func (m *Machine) sweepOne(p place, since time.Time, owners []string) error {
	const coarse = 2 * time.Second
	st, there, err := p.lstat()
	if err != nil || !there {
		return err
	}
	kind := st.Mode & unix.S_IFMT
	switch {
	case kind != unix.S_IFREG && kind != unix.S_IFLNK, st.Nlink != 1,
		time.Unix(st.Mtim.Unix()).Before(since.Add(-coarse)),
		!trusted(st.Uid) && !m.isOneOf(st.Uid, owners):
		return nil
	}
	if err := unix.Unlinkat(p.dir, p.name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return m.sync(p)
}

// isOneOf says whether a number is that of one of these users.
func (m *Machine) isOneOf(uid uint32, names []string) bool {
	if !m.owners {
		return false
	}
	db := m.userDB()
	for _, name := range names {
		if id, err := db.uid(name); err == nil && name != "" && uint32(id) == uid {
			return true
		}
	}
	return false
}

// names are those in the directory of the place.
func (p place) names() ([]string, error) {
	fd, err := unix.Openat(p.dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(fd), path.Dir(p.path))
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// isTemporary says whether a name is one that a draft for the place, or a symlink,
// has for a moment.
func (p place) isTemporary(name string) bool {
	number, ok := strings.CutPrefix(name, p.stem())
	return ok && number != "" && len(number) <= temporaryDigits && strings.Trim(number, "0123456789") == ""
}

// sweepCopy removes a copy that was not complete.
func (m *Machine) sweepCopy(from, to string) error {
	p, err := m.place(to)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer p.close()
	hidden := p.hiding()
	fd, mark, err := hidden.openCopy(from)
	if err != nil || fd < 0 {
		return err
	}
	unix.Close(fd)
	if mark.Stage == returning {
		return nil
	}
	return hidden.discard(context.Background())
}
