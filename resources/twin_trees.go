package resources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/gitrepo"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file compares two trees, so that nothing is lost with the older one.

// A likeness says whether two files of the same size hold the same.
type likeness func(ctx context.Context, v node.View, one, other string) (bool, error)

// Twins are two trees that should hold the same.
type twins struct {
	view    node.View
	alike   likeness
	skip    map[string]bool // what is not compared as a file
	lacks   []string        // what the older one holds and the newer one lacks
	ahead   int             // what the newer one holds otherwise, or alone
	example string          // of these
}

func compareTwins(ctx context.Context, v node.View, older, newer string, alike likeness) (*twins, error) {
	t := &twins{view: v, alike: alike, skip: map[string]bool{}}
	end, _ := follow(v, newer)
	return t, t.compare(ctx, older, end)
}

func (t *twins) lack(older, why string) { t.lacks = append(t.lacks, older+": "+why) }

func (t *twins) further(newer string) {
	if t.ahead++; t.ahead == 1 {
		t.example = newer
	}
}

// compare compares what lies at two paths.
func (t *twins) compare(ctx context.Context, older, newer string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	a, err := look(t.view, older)
	if err != nil {
		return err
	}
	b, err := look(t.view, newer)
	switch {
	case err != nil:
		return err
	case a.Kind == node.Other, a.Kind == node.Absent: // it holds nothing
	case b.Kind == node.Absent:
		if names, err := t.view.ReadDir(older); a.Kind != node.Directory || err != nil || len(names) > 0 {
			t.lack(older, fmt.Sprintf("there is no %s", newer))
		}
	case a.Kind != b.Kind:
		t.lack(older, fmt.Sprintf("%s is %s", newer, b.A()))
	case a.Kind == node.Directory && gitrepo.Is(t.view, older):
		return t.repositories(ctx, older, newer)
	case a.Kind == node.Directory:
		return t.directories(ctx, older, newer)
	case a.Kind == node.Symlink && a.Target != b.Target:
		t.differ(older, newer, a, b)
	case a.Kind == node.File:
		return t.files(ctx, older, newer, a, b)
	}
	return nil
}

// directories compares what lies in two directories.
func (t *twins) directories(ctx context.Context, older, newer string) error {
	names := map[string]bool{}
	for _, dir := range []string{newer, older} {
		found, err := t.view.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, name := range found {
			names[name] = dir == older
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		here, there := path.Join(older, name), path.Join(newer, name)
		switch {
		case t.skip[here]:
		case !names[name]:
			t.further(there)
		default:
			if err := t.compare(ctx, here, there); err != nil {
				return err
			}
		}
	}
	return nil
}

// inRepository is what of a git repository is no file to compare: it is compared by
// its refs, or follows from it, or is of no use elsewhere.
var inRepository = []string{"objects", "refs", "packed-refs", "logs", "info/refs", "index", "gc.log", "gc.pid",
	"FETCH_HEAD", "ORIG_HEAD", "COMMIT_EDITMSG"}

// repositories compares two git repositories: by refs, and what else they have, such as
// hooks, by files.
func (t *twins) repositories(ctx context.Context, older, newer string) error {
	if !gitrepo.Is(t.view, newer) {
		t.lack(older, newer+" is no git repository")
		return nil
	}
	lacks, ahead, err := gitrepo.Lacks(ctx, t.view, older, newer)
	if err != nil {
		return fmt.Errorf("%s: %w", older, err)
	}
	for _, l := range lacks {
		t.lack(older, l.Ref+": "+l.Why)
	}
	for range ahead {
		t.further(newer)
	}
	for _, name := range inRepository {
		t.skip[path.Join(older, name)] = true
	}
	return t.directories(ctx, older, newer)
}

func (t *twins) files(ctx context.Context, older, newer string, a, b node.State) error {
	if a.Size == b.Size {
		if alike, err := t.alike(ctx, t.view, older, newer); err != nil || alike {
			return err
		}
	}
	t.differ(older, newer, a, b)
	return nil
}

// differ tells of something that is not the same. The newer one has taken the place of
// the older one.
func (t *twins) differ(older, newer string, a, b node.State) {
	if b.MTime.After(a.MTime) {
		t.further(newer)
		return
	}
	t.lack(older, newer+" holds something else, and is not newer")
}

// byDigest goes by what is known of files that have not changed since they were read.
func byDigest(ctx context.Context, v node.View, one, other string) (bool, error) {
	a, err := v.Digest(ctx, one)
	if err != nil {
		return false, err
	}
	b, err := v.Digest(ctx, other)
	return a == b, err
}

// byContent reads both.
func byContent(ctx context.Context, v node.View, one, other string) (bool, error) {
	var readers [2]io.Reader
	for i, file := range []string{one, other} {
		r, err := v.Open(file)
		if err != nil {
			return false, err
		}
		defer r.Close()
		readers[i] = r
	}
	var buffers [2][64 << 10]byte
	for {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		n, err := io.ReadFull(readers[0], buffers[0][:])
		m, otherErr := io.ReadFull(readers[1], buffers[1][:])
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case err != nil && !ended:
			return false, err
		case otherErr != nil && !errors.Is(otherErr, io.EOF) && !errors.Is(otherErr, io.ErrUnexpectedEOF):
			return false, otherErr
		case !bytes.Equal(buffers[0][:n], buffers[1][:m]):
			return false, nil
		case ended:
			return true, nil
		}
	}
}
