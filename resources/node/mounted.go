package node

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// MountBelow is part of View. It asks the kernel, which alone knows of a
// directory that is mounted on another one of the same file system.
func (l *Live) MountBelow(at string) (string, error) {
	fd, err := l.m.open(at, unix.O_PATH|unix.O_DIRECTORY)
	if errors.Is(err, unix.ENOENT) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("what is mounted at %s: %w", at, err)
	}
	defer unix.Close(fd)
	real, err := os.Readlink(procFD(fd))
	if err != nil {
		return "", err
	}
	mounts, err := readMounts()
	if err != nil {
		return "", err
	}
	for _, m := range mounts {
		if m.point == real || under(m.point, real) {
			return m.point, nil
		}
	}
	return "", nil
}

func readMounts() ([]mount, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	return parseMounts(string(table)), err
}

// Mounts is part of View.
func (l *Live) Mounts() ([]Mount, error) {
	if l.m.offline {
		return nil, ErrOffline
	}
	table, err := readMounts()
	mounts := make([]Mount, len(table))
	for i, m := range table {
		mounts[i] = Mount{Point: m.point, Source: m.from(table), Kind: m.kind}
	}
	return mounts, err
}

// from is where a mount shows from: the path where the same directory of the same
// file system is seen as well, through the mount that shows most of it, or the name
// of what is mounted.
func (m mount) from(table []mount) string {
	best, at := "", m.source
	for _, other := range table {
		if other.point == m.point || other.device != m.device || other.root == m.root || !under(m.root, other.root) {
			continue
		}
		if best == "" || len(other.root) < len(best) {
			best, at = other.root, path.Join(other.point, strings.TrimPrefix(m.root, other.root))
		}
	}
	return at
}
