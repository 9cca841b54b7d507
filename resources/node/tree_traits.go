package node

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// This file is what is compared of two files, and what is kept of one that is copied.

// traits is what a copy has in common with its original, but for its content.
type traits struct {
	mode     uint32 // kind and permissions
	uid, gid uint32
	size     int64 // of a file
	device   uint64
	mtime    unix.Timespec
	target   string // of a symlink
	xattrs   Xattrs
}

// traitsOf looks at what is held open. Without privileges owners count for nothing,
// nor do the attributes that only root can set.
func traitsOf(r reached, owners bool) (traits, error) {
	t := traits{mode: r.st.Mode, mtime: r.st.Mtim}
	if owners {
		t.uid, t.gid = r.st.Uid, r.st.Gid
	}
	var err error
	switch r.st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		t.target, err = readlinkat(r.fd, "")
		return t, err
	case unix.S_IFREG:
		t.size = r.st.Size
	case unix.S_IFBLK, unix.S_IFCHR:
		t.device = r.st.Rdev
	}
	if t.xattrs, err = xattrsOf(r.fd); err != nil {
		return t, err
	}
	maps.DeleteFunc(t.xattrs, func(name, _ string) bool {
		return slices.Contains(copyAttributes, name) || strings.HasPrefix(name, "security.") && name != capability || !owners && !settable(name)
	})
	return t, nil
}

// settable says whether anybody may set an attribute of a file of their own.
func settable(name string) bool {
	return strings.HasPrefix(name, "user.") || strings.HasPrefix(name, "system.")
}

// sameContent says whether one of two can be made into the other without its content
// being written anew.
func (t traits) sameContent(other traits) bool {
	return t.mode&unix.S_IFMT == other.mode&unix.S_IFMT && t.size == other.size && t.device == other.device &&
		t.target == other.target && maps.Equal(t.xattrs, other.xattrs)
}

// sameLooks says whether owner and mode are the same.
func (t traits) sameLooks(other traits) bool {
	return t.mode == other.mode && t.uid == other.uid && t.gid == other.gid
}

func (t traits) same(other traits) bool {
	return t.sameContent(other) && t.sameLooks(other) && t.mtime == other.mtime
}

// isDir says whether it is a directory.
func (r reached) isDir() bool { return r.st.Mode&unix.S_IFMT == unix.S_IFDIR }

// changedSince says whether the file may have changed at a time or later.
func (r reached) changedSince(at time.Time) bool {
	return !settled(r.st.Ctim).Before(at.Add(-tick))
}

// dress gives an open file or directory its traits: the owner first, since chown(2)
// takes capabilities and setuid away, and the times last.
func (t traits) dress(fd int, atime unix.Timespec, owners bool) error {
	if owners {
		if err := unix.Fchown(fd, int(t.uid), int(t.gid)); err != nil {
			return fmt.Errorf("chown: %w", err)
		}
	}
	x := maps.Clone(t.xattrs)
	for _, name := range copyAttributes {
		if mark, err := getXattr(fd, name); err == nil && x != nil {
			x[name] = mark
		}
	}
	if err := setXattrs(fd, x); err != nil {
		return err
	}
	if err := unix.Fchmod(fd, t.mode&0o7777); err != nil {
		return fmt.Errorf("chmod: %w", err)
	}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, procFD(fd), []unix.Timespec{atime, t.mtime}, 0); err != nil {
		return fmt.Errorf("its times: %w", err)
	}
	return t.taken(fd, owners)
}

// taken says what the file system has not taken of the attributes.
func (t traits) taken(fd int, owners bool) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	now, err := traitsOf(reached{fd: fd, st: st}, owners)
	if err != nil || maps.Equal(now.xattrs, t.xattrs) {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.xattrs)) {
		if value, ok := now.xattrs[name]; !ok || value != t.xattrs[name] {
			return fmt.Errorf("the extended attribute %s cannot be kept there: take it away, or move the tree by hand", name)
		}
	}
	return errors.New("it has extended attributes there that cannot be taken away")
}
