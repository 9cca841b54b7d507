package node

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// This file brings files into a scene made of copies. Whatever leads to them on
// the node leads to them there.

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
	if under(path.Join(c.machine.root, real), c.at) {
		return nil // the copies themselves
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
		case st.Mode&unix.S_IFMT == unix.S_IFLNK && c.leadsToPlainFile(below):
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

// leadsToPlainFile says whether a symlink leads to a file that is not a program.
func (c *copies) leadsToPlainFile(link string) bool {
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
	if c.standIn[real] {
		delete(c.standIn, real)
		if err := c.tree.Remove(name); err != nil {
			return err
		}
	}
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
	fd, err := c.machine.openItself(real)
	if err != nil {
		return err
	}
	from := os.NewFile(uintptr(fd), real)
	defer from.Close()
	_, err = io.Copy(to, from)
	return err
}
