package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// A Machine is a node that can be changed: the running system, or a directory
// tree such as an image or a sandbox.
type Machine struct {
	root    string // "/" for the running system
	rootFD  int    // the root directory, held open
	offline bool   // a tree: nothing runs, and users are lines in its files
	owners  bool   // owners are known and can be changed
	quick   bool   // a preview, gone in a moment: nothing is flushed to disk
	bus     *bus   // nil when offline

	users    lastUsers
	standIn  standIn
	digests  Digests
	flushing flushing
}

// Open opens the running system, for the root "/", or the directory tree at
// root. Close releases it.
func Open(root string) (*Machine, error) {
	fd, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("root %s: %w", root, err)
	}
	m := &Machine{root: path.Clean(root), rootFD: fd, owners: os.Geteuid() == 0, flushing: newFlushing()}
	m.offline = m.root != "/"
	if !m.offline {
		m.bus = newBus()
	}
	return m, nil
}

// Close releases what the machine holds open.
func (m *Machine) Close() error {
	if m.bus != nil {
		m.bus.close()
	}
	m.standIn.end()
	m.drop()
	return errors.Join(m.Flush(), unix.Close(m.rootFD))
}

// Root is the directory that the machine's paths begin at.
func (m *Machine) Root() string { return m.root }

// Digests is what is known of the content of files.
func (m *Machine) Digests() *Digests { return &m.digests }

// Offline says whether the machine is a mere directory tree.
func (m *Machine) Offline() bool { return m.offline }

// Owners says whether owners are known and can be changed here.
func (m *Machine) Owners() bool { return m.owners }

// Perform makes a change. It returns a *MovedError, and changes nothing, when
// the machine is no longer what the change saw. Changes of paths may be lost with
// the power until Flush; they are flushed before a change of another kind.
func (m *Machine) Perform(ctx context.Context, c Change) error {
	if _, ok := c.(*PathChange); !ok {
		if err := m.Flush(); err != nil {
			return err
		}
	}
	return c.perform(ctx, m)
}

// open opens a path for reading, inside the machine's root: absolute symlinks
// of a tree lead to places in the tree.
func (m *Machine) open(name string, flags int) (int, error) {
	for {
		fd, err := m.openOnce(name, flags|unix.O_CLOEXEC)
		if !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			return fd, err
		}
	}
}

// openItself opens the file or directory at a path for reading, never what a
// symlink there leads to, and nothing else.
func (m *Machine) openItself(name string) (int, error) {
	fd, err := m.open(name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	return reopen(fd)
}

func (m *Machine) openOnce(name string, flags int) (int, error) {
	if m.root == "/" {
		return unix.Open(name, flags, 0)
	}
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_IN_ROOT}
	return unix.Openat2(m.rootFD, name, &how)
}

// lstat looks at a path inside the machine's root, and reads the target of a
// symlink.
func (m *Machine) lstat(name string) (st unix.Stat_t, target string, err error) {
	if m.root == "/" {
		err = unix.Lstat(name, &st)
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
			target, err = os.Readlink(name)
		}
		return st, target, err
	}
	fd, err := m.open(name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return st, "", err
	}
	defer unix.Close(fd)
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		target, err = readlinkat(fd, "")
	}
	return st, target, err
}

func readlinkat(fd int, name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, name, buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}
