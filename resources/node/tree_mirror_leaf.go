package node

import (
	"context"
	"path"

	"golang.org/x/sys/unix"
)

// This file makes files, and all else that is no directory, like those in another tree:
// see mirror.

// leaf makes anything but a directory. d is what is there, nil for nothing.
func (t *mirror) leaf(ctx context.Context, r reached, d *reached, dst int, name, rel string) error {
	key := inode{r.st.Dev, r.st.Ino}
	if r.st.Nlink > 1 {
		if first, ok := t.first[key]; ok {
			return t.link(d, dst, name, first, rel)
		}
	}
	fits, err := t.fits(ctx, r, d, key)
	if err != nil {
		return err
	}
	if !fits {
		t.fix(rel)
		if err := t.m.copyLeaf(ctx, r, place{dir: dst, name: name, path: rel}); err != nil {
			return err
		}
	}
	if r.st.Nlink > 1 {
		t.first[key] = rel
	}
	return t.remember(dst, name, key)
}

// remember notes what a name in the tree that is made is a copy of, if it has others.
func (t *mirror) remember(dst int, name string, of inode) error {
	var st unix.Stat_t
	err := unix.Fstatat(dst, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil && st.Nlink > 1 {
		t.origin[inode{st.Dev, st.Ino}] = of
	}
	return err
}

// fits says whether what is there is like its original, also in that it has no name
// in common with the copy of another one.
func (t *mirror) fits(ctx context.Context, r reached, d *reached, key inode) (bool, error) {
	if d == nil {
		return false, nil
	}
	if of, ok := t.origin[inode{d.st.Dev, d.st.Ino}]; ok && of != key {
		return false, nil
	}
	want, err := traitsOf(r, t.m.owners)
	if err != nil {
		return false, err
	}
	is, err := traitsOf(*d, t.m.owners)
	if err != nil || !is.same(want) || r.st.Mode&unix.S_IFMT != unix.S_IFREG || !r.changedSince(t.since) {
		return err == nil && is.same(want), err
	}
	return sameBytes(ctx, r.fd, d.fd)
}

// link gives the copy of a file that was copied already another name.
func (t *mirror) link(d *reached, dst int, name, first, rel string) error {
	dir, base, err := t.walkTo(first)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	var st unix.Stat_t
	if err := unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if d != nil && d.st.Dev == st.Dev && d.st.Ino == st.Ino {
		return nil
	}
	t.fix(rel)
	if d != nil {
		if err := unix.Unlinkat(dst, name, 0); err != nil {
			return err
		}
	}
	return unix.Linkat(dir, base, dst, name, 0)
}

// walkTo opens the directory of a path in the tree that is made, without following
// any symlink.
func (t *mirror) walkTo(rel string) (dir int, name string, err error) {
	how := unix.OpenHow{Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	dir, err = unix.Openat2(t.top, path.Dir(rel), &how)
	return dir, path.Base(rel), err
}
