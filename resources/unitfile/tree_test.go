package unitfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dirTree is the tree below a scratch directory that a test fills.
type dirTree struct {
	t    testing.TB
	root string
}

// newTree makes a tree of files. A content that begins with "-> " is a
// symbolic link to what follows; one that is "dir" is a directory.
func newTree(t testing.TB, files map[string]string) dirTree {
	t.Helper()
	d := dirTree{t: t, root: t.TempDir()}
	d.put(map[string]string{
		"/usr/lib/systemd/system": "dir", "/etc/systemd/system": "dir", "/lib": "-> usr/lib",
	})
	d.put(files)
	return d
}

func (d dirTree) put(files map[string]string) {
	d.t.Helper()
	for path, content := range files {
		real := filepath.Join(d.root, path)
		target, link := strings.CutPrefix(content, "-> ")
		err := os.MkdirAll(filepath.Dir(real), 0o755)
		switch {
		case err != nil:
		case content == "dir":
			err = os.MkdirAll(real, 0o755)
		case link:
			err = os.Symlink(target, real)
		default:
			err = os.WriteFile(real, []byte(content), 0o644)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d dirTree) real(path string, last bool) string {
	to, err := resolve(d, path, last)
	if err != nil {
		return filepath.Join(d.root, "no such file")
	}
	return filepath.Join(d.root, to)
}

func (d dirTree) ReadFile(path string) ([]byte, error) { return os.ReadFile(d.real(path, true)) }

func (d dirTree) Readlink(path string) (string, error) {
	return os.Readlink(filepath.Join(d.root, path))
}

func (d dirTree) ReadDir(path string) ([]string, error) {
	entries, err := os.ReadDir(d.real(path, true))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// links are all symbolic links below a directory, with their targets.
func (d dirTree) links(dir string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(filepath.Join(d.root, dir), func(p string, e os.DirEntry, err error) error {
		if err == nil && e.Type() == os.ModeSymlink {
			out[strings.TrimPrefix(p, d.root)], err = os.Readlink(p)
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// String is the tree for people, one file per line.
func (d dirTree) String() string {
	var out []string
	_ = filepath.WalkDir(d.root, func(p string, e os.DirEntry, err error) error {
		name := strings.TrimPrefix(p, d.root)
		if target, err := os.Readlink(p); err == nil {
			out = append(out, fmt.Sprintf("%s -> %s", name, target))
		} else if text, err := os.ReadFile(p); err == nil {
			out = append(out, fmt.Sprintf("%s %q", name, text))
		}
		return err
	})
	slices.Sort(out)
	return strings.Join(out, "\n")
}
