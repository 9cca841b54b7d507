package node

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Live is a view of a machine as it is. Between two looks it keeps the user
// database, the names in directories, the targets of links and the answers of
// systemd, and nothing else.
type Live struct {
	m        *Machine
	now      time.Time
	users    func() *userDB
	systemd  *look // nil for a tree, where nothing runs
	listings listings
}

// View looks at the machine as it is now.
func (m *Machine) View() *Live {
	l := &Live{
		m:        m,
		now:      time.Now(),
		users:    sync.OnceValue(m.userDB),
		listings: listings{dirs: map[string]*listing{}, links: map[string]linked{}},
	}
	if m.bus != nil {
		l.systemd = m.bus.look()
	}
	return l
}

// Lstat is part of View.
func (l *Live) Lstat(path string) (State, error) {
	st, target, err := l.m.lstat(path)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return State{}, nil
	}
	if err != nil {
		return State{}, &fs.PathError{Op: "look at", Path: path, Err: err}
	}
	return l.state(&st, target), nil
}

func (l *Live) state(st *unix.Stat_t, target string) State {
	s := State{
		Mode:   Mode(st.Mode & 0o7777),
		Target: target,
		Size:   st.Size,
		Links:  uint64(st.Nlink),
		MTime:  time.Unix(st.Mtim.Unix()),
		CTime:  time.Unix(st.Ctim.Unix()),
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		s.Kind = File
	case unix.S_IFDIR:
		s.Kind = Directory
	case unix.S_IFLNK:
		s.Kind, s.Mode = Symlink, 0
	default:
		s.Kind, s.Odd = Other, odd(st.Mode)
	}
	if l.m.owners {
		s.Owner, s.Group = l.users().userName(st.Uid), l.users().groupName(st.Gid)
	}
	return s
}

func odd(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "device"
}

// User is part of View.
func (l *Live) User(name string) (User, bool) { return l.users().User(name) }

// Group is part of View.
func (l *Live) Group(name string) (Group, bool) { return l.users().Group(name) }

// Environ is part of View.
func (l *Live) Environ(pid int) ([]string, error) {
	if l.m.offline {
		return nil, ErrOffline
	}
	text, err := procOf(pid).try("environ")
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00"), nil
}

// Unit is part of View.
func (l *Live) Unit(name string) (Unit, error) {
	if l.systemd == nil {
		return Unit{}, ErrOffline
	}
	return l.systemd.unit(name)
}

// Manager is part of View.
func (l *Live) Manager() (Manager, error) {
	if l.systemd == nil {
		return Manager{}, ErrOffline
	}
	return l.systemd.manager()
}

// Now is part of View.
func (l *Live) Now() time.Time { return l.now }

// Owners is part of View.
func (l *Live) Owners() bool { return l.m.owners }

// With is part of View.
func (l *Live) With(changes ...Change) View { return NewFuture(l).With(changes...) }

// Crontab is part of View. The three lines that crontab(1) puts above a table
// when it installs one are not part of it.
func (l *Live) Crontab(user string) ([]byte, bool, error) {
	fd, err := l.m.openItself(CrontabFile(user))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	var text []byte
	if err == nil {
		defer unix.Close(fd)
		text, err = readHeld(fd, CrontabFile(user))
	}
	if err != nil {
		return nil, false, fmt.Errorf("crontab of %s: %w", user, err)
	}
	return withoutHeader(text), true, nil
}
