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
// belongs to that same user, through directories that the user can enter.
func (m *Machine) place(at string) (place, error) {
	w := walk{m: m, path: at}
	defer w.close()
	if err := w.begin(); err != nil {
		return place{}, err
	}
	if err := w.steps(path.Dir(at)); err != nil {
		return place{}, err
	}
	dir, err := duplicate(w.top())
	if err != nil {
		return place{}, err
	}
	return place{dir: dir, name: path.Base(at), path: at}, nil
}

// A walk is the directories from the root to where it has come, held open. What
// leads up in it goes back the way it came, wherever a directory has been moved.
type walk struct {
	m      *Machine
	path   string
	way    []passed
	links  int
	makers []uint32 // of the symlinks that are being followed
}

// A passed directory is one on the way.
type passed struct {
	fd   int
	name string
	st   unix.Stat_t
}

func (w *walk) top() int { return w.way[len(w.way)-1].fd }

// at is where the walk has come, without symlinks.
func (w *walk) at(name string) string {
	at := "/"
	for _, dir := range w.way {
		at = path.Join(at, dir.name)
	}
	return path.Join(at, name)
}

func (w *walk) begin() error {
	root, err := duplicate(w.m.rootFD)
	if err != nil {
		return err
	}
	return w.enter("", root)
}

func duplicate(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3) }

func (w *walk) enter(name string, fd int) error {
	w.way = append(w.way, passed{fd: fd, name: name})
	return unix.Fstat(fd, &w.way[len(w.way)-1].st)
}

func (w *walk) close() { w.leave(len(w.way)) }

func (w *walk) leave(n int) {
	for range n {
		unix.Close(w.top())
		w.way = w.way[:len(w.way)-1]
	}
}

func (w *walk) steps(dir string) error {
	if path.IsAbs(dir) {
		w.leave(len(w.way) - 1)
	}
	for _, name := range strings.Split(dir, "/") {
		switch name {
		case "", ".":
			continue
		case "..":
			w.leave(min(1, len(w.way)-1))
			continue
		}
		if err := w.step(name); err != nil {
			return err
		}
	}
	return nil
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
		if err := w.enter(name, fd); err != nil {
			return err
		}
		return w.passable(name)
	case unix.S_IFLNK:
		defer unix.Close(fd)
		return w.follow(name, fd, &st)
	}
	unix.Close(fd)
	return fmt.Errorf("%s: the step %s is not a directory", w.path, name)
}

// passable refuses a directory that the maker of a symlink which leads through
// it cannot enter.
func (w *walk) passable(name string) error {
	st := &w.way[len(w.way)-1].st
	for _, maker := range w.makers {
		if !trusted(maker) && st.Uid != maker && st.Mode&0o001 == 0 {
			return fmt.Errorf("%s: a symlink of user %d leads to it through %s, which that user cannot enter: refused: declare the path that is meant",
				w.path, maker, w.at(""))
		}
	}
	return nil
}

// follow goes where a symlink leads, if its maker could have gone there.
func (w *walk) follow(name string, fd int, link *unix.Stat_t) error {
	maker, target, err := w.link(name, fd, link)
	if err != nil {
		return err
	}
	err = w.steps(target)
	w.makers = w.makers[:len(w.makers)-1]
	if err != nil || trusted(maker) {
		return err
	}
	if there := w.way[len(w.way)-1].st; there.Uid != maker {
		return fmt.Errorf("%s: the step %s is a symlink of user %d to %s, which belongs to user %d: refused: declare the path that is meant, or let root own the link",
			w.path, name, maker, target, there.Uid)
	}
	return nil
}

// link looks at a symlink that is to be followed: who made it, and where it leads.
func (w *walk) link(name string, fd int, link *unix.Stat_t) (maker uint32, target string, err error) {
	if w.links++; w.links > maxLinks {
		return 0, "", fmt.Errorf("%s: too many levels of symlinks", w.path)
	}
	if maker, err = w.maker(name, link); err != nil {
		return 0, "", err
	}
	if target, err = readlinkat(fd, ""); err != nil {
		return 0, "", err
	}
	w.makers = append(w.makers, maker)
	return maker, target, nil
}

// maker is the least trusted user who can have planted a symlink: its owner, or
// the owner of a directory on the way to it, who can move the directories in it
// about, root's among them. The root of a tree counts only for what lies in it:
// nothing leads out of the tree.
func (w *walk) maker(name string, link *unix.Stat_t) (uint32, error) {
	maker, shared := link.Uid, false
	for i, dir := range w.way {
		if i == 0 && len(w.way) > 1 {
			continue
		}
		writers := dir.st.Mode & 0o022
		if dir.st.Mode&unix.S_ISVTX != 0 {
			writers = 0
		}
		shared = shared || writers != 0
		switch {
		case writers&0o002 != 0:
			return 0, w.shared(name)
		case trusted(dir.st.Uid), dir.st.Uid == maker:
		case trusted(maker):
			maker = dir.st.Uid
		default:
			return 0, fmt.Errorf("%s: the step %s is a symlink that user %d or user %d may have planted: refused: declare the path that is meant",
				w.path, name, maker, dir.st.Uid)
		}
	}
	if shared && trusted(maker) {
		return 0, w.shared(name)
	}
	return maker, nil
}

func (w *walk) shared(name string) error {
	return fmt.Errorf("%s: the step %s is a symlink in a directory that others may write to: refused", w.path, name)
}

// trusted says whether a user is root or the one who runs the program.
func trusted(uid uint32) bool { return uid == 0 || uid == uint32(unix.Geteuid()) }
