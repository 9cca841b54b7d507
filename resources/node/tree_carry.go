package node

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// This file brings what has changed in one tree to another one that was the same at
// some time, and may have changed as well.

// A carry is a walk through two trees. What has changed in the first since they were
// the same is brought to the second; what has changed in the second stays; what has
// changed in both, and differs, is a conflict.
type carry struct {
	*mirror
	src, dst  time.Time       // since when each has changed
	act       bool            // otherwise it is only found out what there is to be brought
	newer     []string        // what has changed in the first
	drops     map[string]bool // what is to go from the second; a new link to it is no change of it
	conflicts []string
}

func (m *Machine) carry(from, to int, src, dst time.Time) (*carry, error) {
	t, err := m.mirror(from, to, src)
	return &carry{mirror: t, src: src, dst: dst, drops: map[string]bool{}}, err
}

// carryAll brings everything, or nothing when there is a conflict.
func (m *Machine) carryAll(ctx context.Context, from, to int, src, dst time.Time) error {
	var links map[inode]string // of what is the same in both
	var drops map[string]bool
	for _, act := range []bool{false, true} {
		t, err := m.carry(from, to, src, dst)
		if err != nil {
			return err
		}
		if t.act = act; act {
			t.first, t.drops = links, drops
		}
		if err := t.level(ctx, from, to, ""); err != nil {
			return err
		}
		links, drops = t.first, t.drops
		if len(t.conflicts) > 0 {
			return fmt.Errorf("%s changed in both: nothing is lost, both are as they were: decide which is right, and remove the other", some(t.conflicts))
		}
	}
	return nil
}

func (t *carry) level(ctx context.Context, src, dst int, rel string) error {
	names, err := namesOf(src)
	if err != nil {
		return err
	}
	there, err := namesOf(dst)
	if err != nil {
		return err
	}
	names = append(names, there...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if isLeft(name) {
			if err := t.sweepLeft(ctx, dst, name); err != nil {
				return inTree(path.Join(rel, name), err)
			}
			continue
		}
		if err := t.pair(ctx, src, dst, name, path.Join(rel, name)); err != nil {
			return inTree(path.Join(rel, name), err)
		}
	}
	return nil
}

// pair minds one name in both.
func (t *carry) pair(ctx context.Context, src, dst int, name, rel string) error {
	s, isSrc, err := held(src, name)
	if err != nil {
		return err
	}
	defer unix.Close(s.fd)
	d, isDst, err := held(dst, name)
	if err != nil {
		return err
	}
	defer unix.Close(d.fd)
	switch {
	case !isSrc && !isDst:
		return nil
	case isSrc && isDst && s.isDir() && d.isDir():
		return t.both(ctx, s, d, rel)
	case isSrc && isDst:
		return t.weigh(ctx, s, d, src, dst, name, rel)
	case isSrc:
		changed, err := t.changed(ctx, s, t.src)
		if changed && err == nil {
			return t.bring(ctx, src, dst, name, rel)
		}
		return err
	}
	return t.drop(ctx, d, dst, name, rel)
}

// held holds a name open; a socket counts for nothing.
func held(dir int, name string) (r reached, there bool, err error) {
	r, err = hold(dir, name)
	if errors.Is(err, unix.ENOENT) {
		return reached{fd: -1}, false, nil
	}
	return r, err == nil && r.st.Mode&unix.S_IFMT != unix.S_IFSOCK, err
}

// changed says whether a file, or anything in a directory, has changed since a time.
func (t *carry) changed(ctx context.Context, r reached, since time.Time) (bool, error) {
	if r.changedSince(since) || !r.isDir() {
		return r.changedSince(since), nil
	}
	fd, err := reopen(r.fd)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	names, err := namesOf(fd)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		below, there, err := held(fd, name)
		if err != nil {
			return false, err
		}
		found := false
		if there {
			found, err = t.changed(ctx, below, since)
		}
		unix.Close(below.fd)
		if err = errors.Join(err, context.Cause(ctx)); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// left are names that the agent itself gives to what is not complete.
var left = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\..+\.mnw-agent-\d{1,19}$`) })

func isLeft(name string) bool { return left().MatchString(name) }

// sweepLeft removes what an attempt that was killed has left.
func (t *carry) sweepLeft(ctx context.Context, dst int, name string) error {
	if !t.act {
		return nil
	}
	return discardTree(ctx, dst, name)
}
