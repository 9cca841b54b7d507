package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Copies are a scene where the kernel allows no overlay: a directory with copies
// of /etc, the unit files and whatever the changes concern, and, once the judges
// are known, of their programs and what they read. It is less than a namespace:
// a judge is on the node's own network, and a program that it runs without
// naming it may be missing.
type copies struct {
	*thread
	machine *Machine // what is copied
	tree    *os.Root // where to; a link in it can lead nowhere else
	fd      int      // the tree, held open
	at      string   // the tree, by name
	seen    map[string]string
	decided map[string]Kind // what changes make of places, by their real paths
	standIn map[string]bool // empty programs, by their real paths
}

// newCopies builds a scene below dir.
func newCopies(ctx context.Context, m *Machine, dir string, changes []Change) (*copies, error) {
	if !mayChroot() {
		return nil, ErrNoPreview
	}
	at := path.Join(dir, scenePath)
	if err := errors.Join(os.RemoveAll(at), os.Mkdir(at, 0o755), os.Chmod(at, 0o755)); err != nil {
		return nil, err
	}
	tree, err := os.OpenRoot(at)
	if err != nil {
		return nil, err
	}
	fd, err := openDirectory(at)
	if err != nil {
		return nil, errors.Join(err, tree.Close())
	}
	c := &copies{
		thread: newThread(), machine: m, tree: tree, fd: fd, at: at,
		seen: map[string]string{"/": "/"}, decided: map[string]Kind{}, standIn: map[string]bool{},
	}
	if err := c.build(ctx, changes); err != nil {
		return nil, errors.Join(fmt.Errorf("copy %s: %w", m.root, err), c.close())
	}
	return c, nil
}

// mayChroot says whether a program can be started with another root.
func mayChroot() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	err := unix.Capget(&header, &data[0])
	return err == nil && data[0].Effective&(1<<unix.CAP_SYS_CHROOT) != 0
}

// alwaysCopied is with all that is below; alwaysThere are directories alone.
var (
	alwaysCopied = append([]string{"/etc", "/usr/lib/locale/C.utf8"}, unitDirs...)
	alwaysThere  = []string{"/dev", "/home", "/proc", "/root", "/run", "/sys", "/tmp", "/var/lib", "/var/log", "/var/tmp"}
)

func (c *copies) build(ctx context.Context, changes []Change) error {
	for _, at := range alwaysThere {
		if _, err := c.bring(at); err != nil {
			return err
		}
	}
	for _, at := range alwaysCopied {
		if err := c.bringAll(ctx, at); err != nil {
			return err
		}
	}
	for _, change := range changes {
		if err := c.bringSubject(change); err != nil {
			return err
		}
	}
	return c.devices()
}

// bringSubject brings what a change sees.
func (c *copies) bringSubject(change Change) error {
	at := change.Subject().Name
	switch change := change.(type) {
	case *PathChange:
		above, err := c.bring(path.Dir(at))
		if err != nil {
			return err
		}
		real := path.Join(above, path.Base(at))
		err = c.bringOne(real)
		c.decided[real] = change.To.Kind
		return err
	case *TreeMove:
		from, err := c.bring(path.Dir(change.From))
		if err != nil {
			return err
		}
		to, err := c.bring(path.Dir(change.To))
		if err != nil {
			return err
		}
		from = path.Join(from, path.Base(change.From))
		err = c.bringOne(from) // what is below it is left out
		c.decided[from], c.decided[path.Join(to, path.Base(change.To))] = Absent, change.Becomes.Kind
		return err
	case *TreeRemoval:
		return nil
	case *CrontabChange:
		_, err := c.bring(path.Join(crontabSpool, at))
		return err
	}
	return nil
}

// devices makes the devices that every program may count on. Where that is
// refused, an empty file takes the place of /dev/null.
func (c *copies) devices() error {
	for _, device := range devices {
		at := path.Join(c.at, "dev", device.name)
		err := unix.Mknod(at, unix.S_IFCHR, int(unix.Mkdev(1, device.minor)))
		if err != nil && device.name == "null" {
			err = os.WriteFile(at, nil, 0o666)
		}
		if err == nil {
			err = unix.Chmod(at, 0o666)
		}
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return nil
}

func (c *copies) root() int { return c.fd }

// close ends what runs in the scene, and removes it.
func (c *copies) close() error {
	defer c.end()
	return errors.Join(endAll(c.fd), unix.Close(c.fd), c.tree.Close(), os.RemoveAll(c.at))
}
