package node

import (
	"context"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// This file decides what becomes of a name that one of two trees has, or both: see
// carry.

// drop minds what is in the second alone: what has not changed there is gone from the
// first.
func (t *carry) drop(ctx context.Context, d reached, dst int, name, rel string) error {
	if t.act && t.drops[rel] {
		return discardTree(ctx, dst, name)
	}
	changed, err := t.changed(ctx, d, t.dst)
	if err != nil || changed || t.act {
		return err
	}
	t.newer = append(t.newer, rel)
	t.drops[rel] = true
	return nil
}

// both minds two directories. Their times follow from what is in them.
func (t *carry) both(ctx context.Context, s, d reached, rel string) error {
	src, err := reopen(s.fd)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	dst, err := reopen(d.fd)
	if err != nil {
		return err
	}
	defer unix.Close(dst)
	if err := t.level(ctx, src, dst, rel); err != nil {
		return err
	}
	want, err := traitsOf(s, t.m.owners)
	if err != nil {
		return err
	}
	is, err := traitsOf(d, t.m.owners)
	if err != nil || is.sameContent(want) && is.sameLooks(want) {
		return err
	}
	brings, err := t.brings(s, d, rel)
	if err != nil || !brings {
		return err
	}
	return want.dress(dst, s.st.Atim, t.m.owners)
}

// brings says whether the first of two that differ is to be brought.
func (t *carry) brings(s, d reached, rel string) (bool, error) {
	newer, other := s.changedSince(t.src), d.changedSince(t.dst)
	switch {
	case newer == other:
		t.conflicts = append(t.conflicts, rel)
		return false, nil
	case newer:
		t.newer = append(t.newer, rel)
	}
	return newer && t.act, nil
}

// weigh minds two files, or what else there may be. Another time is no difference.
func (t *carry) weigh(ctx context.Context, s, d reached, src, dst int, name, rel string) error {
	want, err := traitsOf(s, t.m.owners)
	if err != nil {
		return err
	}
	is, err := traitsOf(d, t.m.owners)
	if err != nil {
		return err
	}
	same := is.sameContent(want) && is.sameLooks(want)
	touched := s.changedSince(t.src) || d.changedSince(t.dst) || is.mtime != want.mtime
	if same && touched && s.st.Mode&unix.S_IFMT == unix.S_IFREG {
		if same, err = sameBytes(ctx, s.fd, d.fd); err != nil {
			return err
		}
	}
	if same {
		key := inode{s.st.Dev, s.st.Ino}
		if _, known := t.first[key]; s.st.Nlink > 1 && !known {
			t.first[key] = rel
		}
		return nil
	}
	brings, err := t.brings(s, d, rel)
	if err != nil || !brings {
		return err
	}
	return t.entry(ctx, src, dst, name, rel)
}

// bring copies what is new. A directory gets its name when it is complete: half of one
// would look like one from which something was taken.
func (t *carry) bring(ctx context.Context, src, dst int, name, rel string) error {
	t.newer = append(t.newer, rel)
	if !t.act {
		return nil
	}
	r, there, err := held(src, name)
	if err != nil || !there {
		return err
	}
	defer unix.Close(r.fd)
	if !r.isDir() {
		return t.entry(ctx, src, dst, name, rel)
	}
	draft := place{name: name}.temporary()
	if err := t.directory(ctx, r, dst, draft, path.Join(path.Dir(rel), draft)); err != nil {
		return err
	}
	for key, first := range t.first {
		if below, ok := strings.CutPrefix(first, path.Join(path.Dir(rel), draft)+"/"); ok {
			t.first[key] = path.Join(rel, below)
		}
	}
	return unix.Renameat2(dst, draft, dst, name, unix.RENAME_NOREPLACE)
}
