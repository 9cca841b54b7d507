package serve

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever a load would see of a change is noticed, once it has come to rest, and
// nothing else.
func TestWatch(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change  func(t *testing.T, dir string)
		noticed bool
	}{
		"nothing":                {func(*testing.T, string) {}, false},
		"read":                   {func(t *testing.T, dir string) { must(t)(os.ReadFile(dir + "/now/a")) }, false},
		"a neighbour":            {func(t *testing.T, dir string) { write(t, dir+"/now/c", "x") }, false},
		"written":                {func(t *testing.T, dir string) { write(t, dir+"/now/a", "other") }, true},
		"written the same":       {func(t *testing.T, dir string) { write(t, dir+"/now/a", "a") }, true},
		"renamed into its place": {func(t *testing.T, dir string) { write(t, dir+"/n", "a"); check(t, os.Rename(dir+"/n", dir+"/now/a")) }, true},
		"removed":                {func(t *testing.T, dir string) { check(t, os.Remove(dir+"/now/a")) }, true},
		"made":                   {func(t *testing.T, dir string) { write(t, dir+"/now/missing", "x") }, true},
		"another mode":           {func(t *testing.T, dir string) { check(t, os.Chmod(dir+"/now/a", 0o640)) }, true},
		"another link above it": {func(t *testing.T, dir string) {
			check(t, os.Symlink("two", dir+"/next"))
			check(t, os.Rename(dir+"/next", dir+"/now"))
		}, true},
	} {
		dir := t.TempDir()
		for _, name := range []string{"one", "two"} {
			check(t, os.Mkdir(filepath.Join(dir, name), 0o755))
			write(t, filepath.Join(dir, name, "a"), "a")
		}
		check(t, os.Symlink("one", dir+"/now"))
		var w watch
		w.forget()
		w.reads(dir + "/now/a")
		w.reads(dir + "/now/missing")
		for range 2 {
			if w.changed() {
				t.Errorf("%s: noticed before", what)
			}
		}
		c.change(t, dir)
		if w.changed() && c.noticed {
			t.Errorf("%s: noticed at the first look", what)
		}
		if got := w.changed(); got != c.noticed {
			t.Errorf("%s: noticed: %v", what, got)
		}
	}
}

// Several writes in a row are one change, and a change before the file was opened
// again is none any more.
func TestWatchWaitsForRest(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "a")
	var w watch
	w.forget()
	w.reads(at)
	for _, text := range []string{"1", "22", "333"} {
		write(t, at, text)
		if w.changed() {
			t.Errorf("noticed while it is written: %s", text)
		}
	}
	for range 2 {
		if !w.changed() {
			t.Error("not noticed")
		}
	}
	w.forget()
	w.reads(at)
	for range 2 {
		if w.changed() {
			t.Error("noticed after it was loaded")
		}
	}
	write(t, at, "4444")
	w.reads(at) // a second time in one load: the first look is what counts
	if w.changed(); !w.changed() {
		t.Error("not noticed between two looks of one load")
	}
}

func write(t *testing.T, name, text string) { check(t, os.WriteFile(name, []byte(text), 0o600)) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T) func([]byte, error) {
	return func(_ []byte, err error) { check(t, err) }
}
