package manifests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What root applies must be what root, or whoever runs the program, has
// written. A trust remembers the directories that it has looked at.
type trust struct {
	dirs map[string]error
}

// linkLimit is how many symlinks lead to a file at most, as in path_resolution(7).
const linkLimit = 40

// Ours refuses a path of which somebody else than root and the caller may write or
// replace a step, or the file at its end, as far as there is something yet.
func Ours(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	err = new(trust).way("/", strings.Split(path, "/"))
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(path); err == nil && info.Mode().IsRegular() {
			err = ours("it", path, info)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// file refuses a file that somebody else than root and the caller may write or
// replace: by its own mode and owner, or by those of a directory or symlink on
// the way to it.
func (t *trust) file(path string, info fs.FileInfo) error {
	if err := ours("it", path, info); err != nil {
		return err
	}
	if !filepath.IsAbs(path) {
		here, err := os.Getwd()
		if err != nil {
			return err
		}
		path = here + "/" + path
	}
	return t.way("/", strings.Split(path, "/"))
}

// way walks the steps from a directory to a file, as the kernel does.
func (t *trust) way(at string, steps []string) error {
	if err := t.dir(at); err != nil {
		return err
	}
	for links := 0; len(steps) > 0; {
		step := steps[0]
		steps = steps[1:]
		if step == ".." {
			at = filepath.Dir(at)
		}
		if step == "" || step == "." || step == ".." {
			continue
		}
		next := filepath.Join(at, step)
		target, err := t.link(next)
		if err != nil {
			return err
		}
		if target == "" {
			at = next
			continue
		}
		if links++; links > linkLimit {
			return errors.New("too many symlinks lead to it")
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		steps = append(strings.Split(target, "/"), steps...)
	}
	return nil
}

// link looks at one step: the target of a symlink, or nothing.
func (t *trust) link(path string) (target string, err error) {
	if err, known := t.dirs[path]; known {
		return "", err
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return "", cause(err)
	case info.IsDir():
		return "", t.dir(path)
	case info.Mode()&fs.ModeSymlink == 0:
		return "", nil
	}
	if err := ours("the symlink "+path, path, info); err != nil {
		return "", err
	}
	return os.Readlink(path)
}

func (t *trust) dir(path string) error {
	if err, known := t.dirs[path]; known {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return cause(err)
	}
	err = ours("the directory "+path, path, info)
	if t.dirs == nil {
		t.dirs = map[string]error{}
	}
	t.dirs[path] = err
	return err
}

// ours refuses what others may write. In a sticky directory nobody can replace
// what is ours, and a symlink's own mode means nothing.
func ours(what, path string, info fs.FileInfo) error {
	owner, caller := info.Sys().(*syscall.Stat_t).Uid, os.Geteuid()
	if owner != 0 && int(owner) != caller {
		return fmt.Errorf("%s belongs to user %d, who is neither root nor the caller: chown it", what, owner)
	}
	sticky := info.IsDir() && info.Mode()&fs.ModeSticky != 0
	link := info.Mode()&fs.ModeSymlink != 0
	if info.Mode().Perm()&0o022 != 0 && !sticky && !link {
		return fmt.Errorf("%s may be written by others (mode %04o): chmod go-w %s", what, info.Mode().Perm(), path)
	}
	return nil
}
