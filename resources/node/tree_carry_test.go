package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// movedHome is a tree of which there is a copy in its place.
func movedHome(t *testing.T) (m *Machine, home, new func(string) string) {
	t.Helper()
	m = homeTree(t)
	put(t, m, "home/a/same", "same\n")
	put(t, m, "home/a/edited", "edited\n")
	put(t, m, "home/a/gone", "gone\n")
	put(t, m, "home/gone/too", "gone\n")
	bulk, sync, _ := moveHome()
	perform(t, m, bulk, sync)
	return m, func(name string) string { return filepath.Join(m.root, "home", name) }, func(name string) string { return filepath.Join(m.root, "new", name) }
}

// late makes changes of all kinds below a directory.
func late(t *testing.T, at func(string) string) {
	t.Helper()
	must(t,
		os.WriteFile(at("a/edited"), []byte("late\n"), 0o644), os.WriteFile(at("a/new"), []byte("late\n"), 0o600), os.Remove(at("a/gone")),
		os.RemoveAll(at("gone")), os.Rename(at("repo"), at("repo2")), os.Chmod(at("a/same"), 0o600), os.Link(at("three"), at("four")),
		os.Symlink("nowhere", at("late")),
	)
}

// What came too late for the copy is brought to it, and what has been made in the
// copy meanwhile stays.
func TestLookBrings(t *testing.T) {
	m, home, new := movedHome(t)
	late(t, home)
	must(t, os.WriteFile(new("a/own"), []byte("own\n"), 0o600), os.WriteFile(new("readonly2"), nil, 0o600))
	_, _, look := moveHome()
	perform(t, m, look)
	if text(t, m, "new/a/own") != "own\n" {
		t.Error("what was made in the copy is gone")
	}
	must(t, os.Remove(new("a/own")), os.Remove(new("readonly2")))
	for _, dir := range []string{"a", "."} { // their times tell of what was removed just now
		must(t, os.Chtimes(new(dir), time.Unix(1, 0), mtimeOf(t, home(dir))))
	}
	sameTrees(t, m, "/home", "/new")
}

func mtimeOf(t *testing.T, file string) time.Time {
	t.Helper()
	info, err := os.Stat(file)
	must(t, err)
	return info.ModTime()
}

// Where both have changed, neither is touched, and the path is named.
func TestLookRefuses(t *testing.T) {
	m, home, new := movedHome(t)
	late(t, home)
	must(t, os.WriteFile(new("a/edited"), []byte("otherwise\n"), 0o644))
	_, _, look := moveHome()
	err := m.Perform(context.Background(), look)
	if err == nil || !strings.Contains(err.Error(), "a/edited changed in both") {
		t.Errorf("%v", err)
	}
	if text(t, m, "new/a/edited") != "otherwise\n" || text(t, m, "new/a/gone") != "gone\n" || text(t, m, "home/a/edited") != "late\n" {
		t.Error("it was touched all the same")
	}
}

// What was done in the copy is in the tree when the copy has gone.
func TestReturnBrings(t *testing.T) {
	m, home, new := movedHome(t)
	late(t, new)
	must(t, os.WriteFile(home("a/own"), []byte("own\n"), 0o600))
	perform(t, m, &TreeReturn{From: "/home", To: "/new"})
	for name, want := range map[string]string{"home/a/edited": "late\n", "home/a/new": "late\n", "home/a/own": "own\n", "home/repo2/one": "object\n", "home/four": "object\n"} {
		if got := text(t, m, name); got != want {
			t.Errorf("%s holds %q", name, got)
		}
	}
	for _, name := range []string{"home/a/gone", "home/gone", "home/repo", "new", hiding("/new")} {
		if _, err := os.Lstat(filepath.Join(m.root, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	if info, err := os.Stat(home("a/same")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: %v", info, err)
	}
}

// A copy that differs from what the tree has become is left beside it.
func TestReturnRefuses(t *testing.T) {
	m, home, new := movedHome(t)
	must(t, os.WriteFile(new("a/edited"), []byte("new\n"), 0o644), os.WriteFile(new("a/other"), []byte("other\n"), 0o644), os.WriteFile(home("a/edited"), []byte("old\n"), 0o644))
	err := m.Perform(context.Background(), &TreeReturn{From: "/home", To: "/new"})
	if err == nil || !strings.Contains(err.Error(), "/new is left beside /home: a/edited changed in both") {
		t.Errorf("%v", err)
	}
	if text(t, m, "new/a/edited") != "new\n" || text(t, m, "home/a/edited") != "old\n" {
		t.Error("one of them is gone")
	}
}
