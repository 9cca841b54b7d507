package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// discardTree deletes a name in a directory that is held open, with all that is below
// it. It follows no symlink. What is mounted there, and what is below that, stays, and
// so does the way to it.
func discardTree(ctx context.Context, dir int, name string) error {
	mount, err := mountOf(dir)
	if err != nil {
		return err
	}
	return discardOn(ctx, dir, name, mount)
}

// discard deletes what is at a place, in the same way.
func (p place) discard(ctx context.Context) error {
	if err := discardTree(ctx, p.dir, p.name); err != nil {
		return fmt.Errorf("%s: remove it: %w", p.path, explain(err))
	}
	return nil
}

// discardOn deletes what is on one mount.
func discardOn(ctx context.Context, dir int, name string, mount uint64) error {
	err := unix.Unlinkat(dir, name, 0)
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
		err = discardDirectory(ctx, dir, name, mount, err)
	}
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// discardDirectory deletes a directory that unlink(2) has refused, with an error that
// stands when it is none.
func discardDirectory(ctx context.Context, dir int, name string, mount uint64, refused error) error {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOTDIR) {
		return refused
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if on, err := mountOf(fd); err != nil || on != mount {
		return errors.Join(err, unix.EBUSY)
	}
	names, err := namesOf(fd)
	if err != nil {
		return err
	}
	if len(names) > 0 && os.Geteuid() != 0 {
		_ = unix.Fchmod(fd, 0o700) // a copy of a directory that nobody may write to
	}
	for _, below := range names {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := discardOn(ctx, fd, below, mount); err != nil {
			return fmt.Errorf("%s: %w", below, err)
		}
	}
	return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR)
}

// namesOf is the sorted names in a directory that is held open.
func namesOf(fd int) ([]string, error) {
	again, err := unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(again), "/proc/self/fd")
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}
