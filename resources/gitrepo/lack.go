package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// A Lack is a ref of one repository of which another has not all.
type Lack struct {
	Ref string
	Why string
}

// Lacks is what one repository has and another lacks: refs that this has not, or has at
// something that does not come from what the first has there. Ahead is how many it has
// further on, and how many of its own.
func Lacks(ctx context.Context, t Tree, one, other string) (lacks []Lack, ahead int, err error) {
	had, err := Refs(t, one)
	if err != nil {
		return nil, 0, err
	}
	has, err := Refs(t, other)
	if err != nil {
		return nil, 0, err
	}
	store, err := Open(t, other)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, ref := range slices.Sorted(maps.Keys(had)) {
		why, err := store.lacks(ctx, had[ref], has[ref])
		switch {
		case err != nil:
			return nil, 0, fmt.Errorf("%s: %w", ref, err)
		case why != "":
			lacks = append(lacks, Lack{ref, why})
		case had[ref] != has[ref]:
			ahead++
		}
		delete(has, ref)
	}
	return lacks, ahead + len(has), nil
}

// lacks says why a ref of the store, at what it has, "" for none, is not all that a ref
// is at what another had.
func (s *Store) lacks(ctx context.Context, had, has string) (why string, err error) {
	if has == "" {
		return "it is not there", nil
	}
	there, err := s.Has(has)
	switch {
	case err != nil:
		return "", err
	case !there:
		return fmt.Sprintf("what it is at there is missing, %s", brief(has)), nil
	case has == had:
		return "", nil
	}
	contains, err := s.contains(ctx, has, had)
	if err != nil || contains {
		return "", err
	}
	return fmt.Sprintf("it is at %s there, which does not come from %s", brief(has), brief(had)), nil
}

func brief(id string) string { return id[:12] }

// contains says whether an object is another one or comes from it: by the parents of
// commits, and what tags are of. Nothing comes from what is not there.
func (s *Store) contains(ctx context.Context, id, other string) (bool, error) {
	if there, err := s.Has(other); err != nil || !there {
		return false, err
	}
	seen := map[string]bool{id: true}
	for next := []string{id}; len(next) > 0; next = next[1:] {
		if next[0] == other {
			return true, nil
		}
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		all, err := s.origins(ctx, next[0])
		if err != nil {
			return false, err
		}
		for _, from := range all {
			if !seen[from] {
				seen[from] = true
				next = append(next, from)
			}
		}
	}
	return false, nil
}

// origins is what an object comes from, nothing where the repository begins. It is read
// once: many refs have one history.
func (s *Store) origins(ctx context.Context, id string) ([]string, error) {
	if from, ok := s.known[id]; ok {
		return from, nil
	}
	o, err := s.get(ctx, id)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	from := o.from()
	if s.ends += 1 + len(from); s.ends > maxKnown {
		return nil, fmt.Errorf("its history has more than %d commits and parents", maxKnown)
	}
	s.known[id] = from
	return from, nil
}

// from is what a commit or a tag comes from, each once. It keeps nothing else of it.
func (o object) from() []string {
	var from []string
	head, _, _ := strings.Cut(string(o.body), "\n\n")
	for line := range strings.Lines(head) {
		word, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		named := o.kind == "commit" && word == "parent" || o.kind == "tag" && word == "object" && strings.Contains(head, "\ntype commit\n")
		if named && isID(id) {
			from = append(from, id)
		}
	}
	slices.Sort(from)
	from = slices.Compact(from)
	for i := range from {
		from[i] = strings.Clone(from[i])
	}
	return slices.Clip(slices.Clone(from))
}
