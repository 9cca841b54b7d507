package node

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// What is written ahead has no name until it is performed, in the directory that
// is there by then.
func TestAhead(t *testing.T) {
	for name, between := range map[string]func(dir string) error{
		"as it was":         func(string) error { return nil },
		"another directory": swap,
	} {
		t.Run(name, func(t *testing.T) {
			m := tree(t, map[string]string{"srv/old": "old\n"})
			dir := filepath.Join(m.root, "srv")
			changes := writes(many)
			if m.Ahead(changes); len(m.flushing.ahead) == 0 {
				t.Skipf("the file system of %s has no files without names", dir)
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
				t.Fatalf("before anything is performed: %v, %v", names, err)
			}
			if err := between(dir); err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				holds(t, performed(t, m, c), c.(*PathChange))
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) != len(changes) {
				t.Errorf("afterwards: %v, %v", names, err)
			}
			if err := m.Flush(); err != nil || len(m.flushing.dirs)+len(m.flushing.ahead) > 0 {
				t.Errorf("flush: %v, and %v is left", err, m.flushing)
			}
		})
	}
}

// writes is a change of /srv/old, and n new files beside it.
func writes(n int) []Change {
	changes := []Change{&PathChange{Path: "/srv/old",
		From: State{Kind: File, Mode: 0o644, Content: NewContent([]byte("old\n"))},
		To:   State{Kind: File, Mode: 0o600, Content: NewContent([]byte("new\n"))}}}
	for i := range n {
		changes = append(changes, &PathChange{Path: fmt.Sprintf("/srv/%d", i),
			To: State{Kind: File, Mode: 0o640, Content: NewContent(fmt.Append(nil, i))}})
	}
	return changes
}

// swap puts a copy of a directory in its place.
func swap(dir string) error {
	before := dir + "-before"
	if err := os.Rename(dir, before); err != nil {
		return err
	}
	return os.CopyFS(dir, os.DirFS(before))
}

func holds(t *testing.T, v View, c *PathChange) {
	t.Helper()
	state, err := v.Lstat(c.Path)
	if err != nil || state.Mode != c.To.Mode {
		t.Errorf("%s is %s, %v", c.Path, state, err)
	}
	if same, err := v.Holds(c.Path, c.To.Content.Bytes()); !same {
		t.Errorf("%s holds something else, %v", c.Path, err)
	}
}
