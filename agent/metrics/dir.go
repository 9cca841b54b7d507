package metrics

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// This file opens the directory of the metrics file. Debian's, which is root's, lies in
// one that belongs to the user prometheus. That user could put a symlink in its place,
// and have root write where it may not write itself.

// linkLimit is how many symlinks lead to a directory at most, as in path_resolution(7).
const linkLimit = 40

// openDir opens a directory. A symlink on the way is followed when root or the caller
// has made it, and when none comes in between.
func openDir(path string) (*os.Root, error) {
	path, err := withoutLinks(path)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // an old kernel, or a filter that does not know it
		return os.OpenRoot(path)
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return os.OpenRoot(fmt.Sprintf("/proc/self/fd/%d", fd))
}

// withoutLinks is a path that leads to the same place without symlinks.
func withoutLinks(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	at, steps := "/", strings.Split(path, "/")
	for links := 0; len(steps) > 0; {
		next := filepath.Join(at, steps[0]) // Join knows . and .., and at has no links
		steps = steps[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return "", err
		}
		if info.Mode()&os.ModeSymlink == 0 {
			at = next
			continue
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 && int(owner) != os.Geteuid() {
			return "", fmt.Errorf("the symlink %s on the way to it belongs to user %d, who is neither root nor the caller: it is not followed", next, owner)
		}
		if links++; links > linkLimit {
			return "", errors.New("too many symlinks lead to it")
		}
		target, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		steps = append(strings.Split(target, "/"), steps...)
	}
	return at, nil
}
