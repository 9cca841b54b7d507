package resources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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
	older   string          // the whole of it, without symlinks
	skip    map[string]bool // what is not compared as a file
	twice   map[string]bool // what was compared again, since some of it had gone
	lacks   []string        // what the older one holds and the newer one lacks
	ahead   int             // what the newer one holds otherwise, or alone
	example string          // of these
}

func compareTwins(ctx context.Context, v node.View, older, newer string, alike likeness) (*twins, error) {
	t := &twins{view: v, alike: alike, skip: map[string]bool{}, twice: map[string]bool{}}
	t.older, _ = follow(v, older)
	end, _ := follow(v, newer)
	if within(end, t.older) || within(t.older, end) {
		return t, fmt.Errorf("%s and %s are one tree, or lie in each other, where their symlinks lead: a twin is another tree", older, newer)
	}
	return t, t.compare(ctx, older, end)
}

func (t *twins) lack(older, why string) { t.lacks = append(t.lacks, plainly(older)+": "+plainly(why)) }

// plainly is a text on one line, as it is when it can be told from others so.
func plainly(text string) string {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}

func (t *twins) further(newer string) {
	if t.ahead++; t.ahead == 1 {
		t.example = plainly(newer)
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

// again compares once more what may have gone since it was looked at.
func (t *twins) again(ctx context.Context, older, newer string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) || t.twice[older] {
		return err
	}
	t.twice[older] = true
	return t.compare(ctx, older, newer)
}

// directories compares what lies in two directories.
func (t *twins) directories(ctx context.Context, older, newer string) error {
	names := map[string]bool{}
	for _, dir := range []string{newer, older} {
		found, err := t.view.ReadDir(dir)
		if err != nil {
			return t.again(ctx, older, newer, err)
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
			if err := t.alone(ctx, there); err != nil {
				return err
			}
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
	if err := t.borrowed(newer); err != nil {
		return err
	}
	for range ahead {
		t.further(newer)
	}
	for _, name := range inRepository {
		t.skip[path.Join(older, name)] = true
	}
	return t.directories(ctx, older, newer)
}

// alone looks through what the newer tree has alone for repositories that borrow.
func (t *twins) alone(ctx context.Context, newer string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	state, err := look(t.view, newer)
	if err != nil || state.Kind != node.Directory {
		return err
	}
	if gitrepo.Is(t.view, newer) {
		return t.borrowed(newer)
	}
	names, err := t.view.ReadDir(newer)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has gone since
	}
	for _, name := range names {
		err = errors.Join(err, t.alone(ctx, path.Join(newer, name)))
	}
	return err
}

// borrowed tells of objects that a repository of the newer tree has in the older one.
func (t *twins) borrowed(newer string) error {
	dirs, err := gitrepo.Borrows(t.view, newer)
	for _, dir := range dirs {
		if end, _ := follow(t.view, dir); within(end, t.older) {
			t.lack(newer, fmt.Sprintf("it borrows objects from %s: run git repack -a -d there, then delete its objects/info/alternates", dir))
		}
	}
	return err
}
