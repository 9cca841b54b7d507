package node

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// A place is where a path's last step is: its directory, held open, and the
// name in it. Whatever is moved about above it meanwhile, the name stays in that
// very directory.
type place struct {
	dir  int
	name string
	path string
}

func (p place) close() { unix.Close(p.dir) }

// lstat looks at what lies at the place.
func (p place) lstat() (st unix.Stat_t, there bool, err error) {
	err = unix.Fstatat(p.dir, p.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return st, false, nil
	}
	return st, err == nil, err
}

// place walks to the directory of a path, one step at a time, by descriptor. A
// symlink on the way is followed only when whoever could have planted it gains
// nothing: root made it where nobody else may write, or it leads on to what
// belongs to that same user.
func (m *Machine) place(at string) (place, error) {
	w := walk{m: m, path: at}
	defer w.close()
	if err := w.push(m.rootFD); err != nil {
		return place{}, err
	}
	if err := w.steps(path.Dir(at)); err != nil {
		return place{}, err
	}
	dir, err := unix.FcntlInt(uintptr(w.top()), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return place{}, err
	}
	return place{dir: dir, name: path.Base(at), path: at}, nil
}

// A walk is the directories from the root to where it has come, held open.
type walk struct {
	m     *Machine
	path  string
	fds   []int
	links int
}

func (w *walk) top() int { return w.fds[len(w.fds)-1] }

func (w *walk) close() {
	for _, fd := range w.fds {
		unix.Close(fd)
	}
}

func (w *walk) push(root int) error {
	fd, err := unix.FcntlInt(uintptr(root), unix.F_DUPFD_CLOEXEC, 3)
	if err == nil {
		w.fds = append(w.fds, fd)
	}
	return err
}

func (w *walk) steps(dir string) error {
	if path.IsAbs(dir) {
		w.pop(len(w.fds) - 1)
	}
	for _, name := range strings.Split(dir, "/") {
		switch name {
		case "", ".":
			continue
		case "..":
			w.pop(min(1, len(w.fds)-1))
			continue
		}
		if err := w.step(name); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) pop(n int) {
	for range n {
		unix.Close(w.top())
		w.fds = w.fds[:len(w.fds)-1]
	}
}

func (w *walk) step(name string) error {
	fd, err := unix.Openat(w.top(), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: the step %s: %w", w.path, name, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		w.fds = append(w.fds, fd)
		return nil
	case unix.S_IFLNK:
		defer unix.Close(fd)
		return w.follow(name, fd, &st)
	}
	unix.Close(fd)
	return fmt.Errorf("%s: the step %s is not a directory", w.path, name)
}

// follow goes where a symlink leads, if its maker could have gone there.
func (w *walk) follow(name string, fd int, link *unix.Stat_t) error {
	if w.links++; w.links > maxLinks {
		return fmt.Errorf("%s: too many levels of symlinks", w.path)
	}
	maker, err := w.maker(name, link)
	if err != nil {
		return err
	}
	target, err := readlinkat(fd, "")
	if err != nil {
		return err
	}
	if err := w.steps(target); err != nil || trusted(maker) {
		return err
	}
	var there unix.Stat_t
	if err := unix.Fstat(w.top(), &there); err != nil {
		return err
	}
	if there.Uid != maker {
		return fmt.Errorf("%s: the step %s is a symlink of user %d to %s, which belongs to user %d: refused: declare the path that is meant, or let root own the link",
			w.path, name, maker, target, there.Uid)
	}
	return nil
}

// maker is the least trusted user who can have planted a symlink: its owner, or
// the owner of the directory that it lies in.
func (w *walk) maker(name string, link *unix.Stat_t) (uint32, error) {
	var dir unix.Stat_t
	if err := unix.Fstat(w.top(), &dir); err != nil {
		return 0, err
	}
	switch {
	case !trusted(link.Uid):
		return link.Uid, nil
	case !trusted(dir.Uid):
		return dir.Uid, nil
	case dir.Mode&0o022 != 0 && dir.Mode&unix.S_ISVTX == 0:
		return 0, fmt.Errorf("%s: the step %s is a symlink in a directory that others may write to: refused", w.path, name)
	}
	return link.Uid, nil
}

// trusted says whether a user is root or the one who runs the program.
func trusted(uid uint32) bool { return uid == 0 || uid == uint32(unix.Geteuid()) }
