package node

import (
	"context"
	"errors"
	"path"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// This file makes one tree like another one, which may be in use: what comes, goes or
// changes meanwhile is no error, and is found by the next pass. It walks by descriptor
// and follows no symlink, whatever somebody puts in the place of what. Only what has
// several names is kept in memory.
//
// A file whose size, time and attributes are the same on both sides, and whose ctime
// is from before the first pass, holds the same: it was compared byte by byte when it
// was copied. One with a later ctime is compared byte by byte again.

// A mirror is a walk through two trees. Nobody else may write to the one that is made
// like the other.
type mirror struct {
	m      *Machine
	since  time.Time // when the first pass began
	top    int       // of the tree that is made
	mount  uint64    // what the other one lies on
	first  map[inode]string
	origin map[inode]inode // of what has several names in the tree that is made
	fixed  int             // how much was not the same
	last   string          // what was not
}

func (m *Machine) mirror(from, to int, since time.Time) (*mirror, error) {
	mount, err := mountOf(from)
	return &mirror{m: m, since: since, top: to, mount: mount, first: map[inode]string{}, origin: map[inode]inode{}}, err
}

// mountOf is the number of the mount that what is held open is seen through.
func mountOf(fd int) (uint64, error) {
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st)
	return st.Mnt_id, err
}

func (t *mirror) fix(rel string) { t.fixed, t.last = t.fixed+1, rel }

// level makes what is in a directory like what is in another one.
func (t *mirror) level(ctx context.Context, src, dst int, rel string) error {
	names, err := namesOf(src)
	if err != nil {
		return err
	}
	there, err := namesOf(dst)
	if err != nil {
		return err
	}
	for _, name := range there {
		if _, ok := slices.BinarySearch(names, name); !ok {
			t.fix(path.Join(rel, name))
			if err := discardTree(ctx, dst, name); err != nil {
				return inTree(path.Join(rel, name), err)
			}
		}
	}
	for _, name := range names {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := t.entry(ctx, src, dst, name, path.Join(rel, name)); err != nil {
			return err
		}
	}
	return nil
}

// entry makes one name in a directory like that in another one.
func (t *mirror) entry(ctx context.Context, src, dst int, name, rel string) error {
	r, err := hold(src, name)
	gone := errors.Is(err, unix.ENOENT)
	if err != nil && !gone {
		return inTree(rel, err)
	}
	if !gone {
		defer unix.Close(r.fd)
		gone = r.st.Mode&unix.S_IFMT == unix.S_IFSOCK
	}
	d, err := hold(dst, name)
	there := err == nil
	if there {
		defer unix.Close(d.fd)
	}
	if there && (gone || r.isDir() != d.isDir()) {
		t.fix(rel)
		there = false
		if err := discardTree(ctx, dst, name); err != nil {
			return inTree(rel, err)
		}
	}
	switch {
	case gone:
		return nil
	case r.isDir():
		return inTree(rel, t.directory(ctx, r, dst, name, rel))
	case there:
		return inTree(rel, t.leaf(ctx, r, &d, dst, name, rel))
	}
	return inTree(rel, t.leaf(ctx, r, nil, dst, name, rel))
}

// directory makes a directory, what is in it, and then its traits.
func (t *mirror) directory(ctx context.Context, r reached, dst int, name, rel string) error {
	if mount, err := mountOf(r.fd); err != nil || mount != t.mount {
		return errors.Join(err, errors.New("another file system is mounted there: unmount it, or move the tree by hand"))
	}
	src, err := reopen(r.fd)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	switch err := unix.Mkdirat(dst, name, 0o700); {
	case err == nil:
		t.fix(rel)
	case !errors.Is(err, unix.EEXIST):
		return err
	}
	made, err := place{dir: dst, name: name, path: rel}.openTop()
	if err != nil {
		return err
	}
	defer unix.Close(made)
	if err := t.level(ctx, src, made, rel); err != nil {
		return err
	}
	return t.finish(src, made, rel)
}

// finish gives a directory the traits of another one, unless it has them.
func (t *mirror) finish(src, dst int, rel string) error {
	r, d := reached{fd: src}, reached{fd: dst}
	if err := errors.Join(unix.Fstat(src, &r.st), unix.Fstat(dst, &d.st)); err != nil {
		return err
	}
	want, err := traitsOf(r, t.m.owners)
	if err != nil {
		return err
	}
	is, err := traitsOf(d, t.m.owners)
	if err != nil || is.same(want) {
		return err
	}
	t.fix(rel)
	return want.dress(dst, r.st.Atim, t.m.owners)
}

// A treeError is an error at a path in a tree.
type treeError struct {
	rel string
	err error
}

func (e *treeError) Error() string { return e.rel + ": " + e.err.Error() }
func (e *treeError) Unwrap() error { return e.err }

// inTree says where in a tree an error is from, once.
func inTree(rel string, err error) error {
	var known *treeError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &treeError{rel, explain(err)}
}
