package node

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// MountBelow is part of View. It asks the kernel, which alone knows of a
// directory that is mounted on another one of the same file system.
func (l *Live) MountBelow(path string) (string, error) {
	fd, err := l.m.open(path, unix.O_PATH|unix.O_DIRECTORY)
	if errors.Is(err, unix.ENOENT) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("what is mounted at %s: %w", path, err)
	}
	defer unix.Close(fd)
	real, err := os.Readlink(procFD(fd))
	if err != nil {
		return "", err
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	for _, m := range parseMounts(string(table)) {
		if m.point == real || under(m.point, real) {
			return m.point, nil
		}
	}
	return "", nil
}
