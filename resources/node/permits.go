package node

import (
	"errors"
	"path"
	"sync"

	"golang.org/x/sys/unix"
)

// This file asks the kernel what a user may do. It alone knows all of it: modes,
// access control lists, capabilities, what a file system makes of them.

// Permits is part of View. The kernel is asked as that user, of what lies at the path
// itself and not of the way there.
func (l *Live) Permits(user, at string, permission Mode) (permitted, known bool) {
	u, ok := l.User(user)
	if !ok || l.m.offline || !l.m.owners {
		return false, false
	}
	fd, err := l.m.open(at, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return false, false
	}
	defer unix.Close(fd)
	var groups []int
	for _, name := range u.Groups {
		if g, ok := l.Group(name); ok {
			groups = append(groups, g.GID)
		}
	}
	err = l.m.standIn.do(u.UID, u.GID, groups, func() error {
		return unix.Faccessat2(fd, "", uint32(permission), unix.AT_EMPTY_PATH|unix.AT_EACCESS)
	})
	return err == nil, err == nil || errors.Is(err, unix.EACCES)
}

// Permits is part of View: what is planned, the kernel does not know.
func (f *Future) Permits(user, at string, permission Mode) (permitted, known bool) {
	resolved := f.resolve(path.Dir(at), at)
	_, laid := f.paths[resolved]
	_, changed := f.users[user]
	if laid || changed || len(f.groups) > 0 || f.hidden(resolved) || f.source(resolved) != resolved {
		return false, false
	}
	return f.View.Permits(user, resolved, permission)
}

// A standIn has the rights to files of one user after the other, on a thread of its
// own: those belong to a thread, and nothing else of the program changes. The thread
// begins with the first question.
type standIn struct {
	mu     sync.Mutex
	thread *thread
}

// do does something with a user's rights to files.
func (s *standIn) do(uid, gid int, groups []int, do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.thread == nil {
		s.thread = newThread()
	}
	return s.thread.do(func() error {
		if err := errors.Join(unix.Setgroups(groups), unix.Setfsgid(gid), unix.Setfsuid(uid)); err != nil {
			return err
		}
		const nobody = -1 // changes nothing, and tells what is
		if is, _ := unix.SetfsuidRetUid(nobody); is != uid {
			return unix.EPERM
		}
		return do()
	})
}

// end ends the thread, if there is one.
func (s *standIn) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.thread != nil {
		s.thread.end()
		s.thread = nil
	}
}
