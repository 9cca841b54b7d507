package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Copies are a scene where the kernel allows no overlay: a directory with copies
// of /etc, the unit files and whatever the changes concern, and, once the judges
// are known, of their programs and what they read. It is less than a namespace:
// a judge is on the node's own network, and a program that it runs without
// naming it may be missing.
type copies struct {
	machine *Machine // what is copied
	tree    *os.Root // where to; a link in it can lead nowhere else
	fd      int      // the tree, held open
	at      string   // the tree, by name
	seen    map[string]string
	decided map[string]Kind // what changes make of places, by their real paths
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
	c := &copies{m, tree, fd, at, map[string]string{"/": "/"}, map[string]Kind{}}
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
	case *CrontabChange:
		_, err := c.bring(path.Join(crontabSpool, at))
		return err
	}
	return nil
}

// bring brings a path with everything that leads to it, symlinks followed, and
// returns where it really is.
func (c *copies) bring(at string) (real string, err error) {
	return c.follow(at, 0)
}

func (c *copies) follow(at string, depth int) (string, error) {
	if real, ok := c.seen[at]; ok {
		return real, nil
	}
	if depth > maxLinks {
		return "", &fs.PathError{Op: "follow", Path: at, Err: unix.ELOOP}
	}
	above, err := c.follow(path.Dir(at), depth)
	if err != nil {
		return "", err
	}
	real := path.Join(above, path.Base(at))
	if err := c.bringOne(real); err != nil {
		return "", err
	}
	if target, err := c.machine.View().Readlink(real); err == nil {
		if real, err = c.follow(join(above, target), depth+1); err != nil {
			return "", err
		}
	}
	c.seen[at] = real
	return real, nil
}

// bringAll brings a path with all that lies below it, and the files that
// symlinks there lead to.
func (c *copies) bringAll(ctx context.Context, at string) error {
	real, err := c.bring(at)
	if err != nil {
		return err
	}
	names, err := c.machine.View().ReadDir(real)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	for _, name := range names {
		below := path.Join(real, name)
		st, _, err := c.machine.lstat(below)
		switch {
		case err != nil:
			continue
		case st.Mode&unix.S_IFMT == unix.S_IFDIR:
			err = c.bringAll(ctx, below)
		case st.Mode&unix.S_IFMT == unix.S_IFLNK && c.leadsToSmall(below):
			_, err = c.bring(below)
		default:
			err = c.bringOne(below)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return err
}

// leadsToSmall says whether a symlink leads to a file that is no program.
func (c *copies) leadsToSmall(link string) bool {
	fd, err := c.machine.open(link, unix.O_PATH)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Mode&0o111 == 0
}

// free says whether the place at a real path is not yet decided by a change.
func (c *copies) free(real string) bool {
	if _, ok := c.decided[real]; ok {
		return false
	}
	for above := path.Dir(real); above != "/"; above = path.Dir(above) {
		if kind, ok := c.decided[above]; ok && kind != Directory {
			return false
		}
	}
	return !slices.ContainsFunc(kernelViews, func(dir string) bool { return real != dir && under(real, dir) })
}

// bringOne brings what is at a real path, unless something is there already or
// a change decides what is.
func (c *copies) bringOne(real string) error {
	if !c.free(real) {
		return nil
	}
	name := strings.TrimPrefix(real, "/")
	if _, err := c.tree.Lstat(name); name == "" || err == nil {
		return nil
	}
	st, target, err := c.machine.lstat(real)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		err = c.tree.Mkdir(name, 0o700)
	case unix.S_IFREG:
		err = c.copyFile(real, name, st.Size)
	case unix.S_IFLNK:
		return c.tree.Symlink(target, name)
	default: // a socket or a device has no place in a preview
		return nil
	}
	if err != nil {
		return err
	}
	return c.own(name, &st)
}

func (c *copies) own(name string, st *unix.Stat_t) error {
	file, err := c.tree.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	fd := int(file.Fd())
	return errors.Join(unix.Fchown(fd, int(st.Uid), int(st.Gid)), unix.Fchmod(fd, st.Mode&0o7777))
}

// tooLarge is the size of a file of which a preview has the size alone.
const tooLarge = 64 << 20

// copyFile copies a file's content.
func (c *copies) copyFile(real, name string, size int64) error {
	to, err := c.tree.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer to.Close()
	if size > tooLarge {
		return to.Truncate(size)
	}
	fd, err := c.machine.open(real, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	from := os.NewFile(uintptr(fd), real)
	defer from.Close()
	_, err = io.Copy(to, from)
	return err
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

func (c *copies) start(ctx context.Context, cmd command) (*running, error) { return start(ctx, cmd) }

// close ends what runs in the scene, and removes it.
func (c *copies) close() error {
	return errors.Join(endAll(c.fd), unix.Close(c.fd), c.tree.Close(), os.RemoveAll(c.at))
}
