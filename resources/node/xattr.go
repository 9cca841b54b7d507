package node

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// copyXattrs gives a new file the extended attributes, ACLs among them, of the
// file that it will replace.
func copyXattrs(p place, to *os.File) error {
	from, err := p.open(unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer from.Close()
	names, err := listXattrs(int(from.Fd()))
	if err != nil {
		return err
	}
	for _, name := range names {
		value, err := getXattr(int(from.Fd()), name)
		if err != nil {
			return err
		}
		if err := unix.Fsetxattr(int(to.Fd()), name, value, 0); err != nil && !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("extended attribute %s: %w", name, err)
		}
	}
	return nil
}

func listXattrs(fd int) ([]string, error) {
	buf := make([]byte, 64<<10)
	n, err := unix.Flistxattr(fd, buf)
	if errors.Is(err, unix.ENOTSUP) || n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("extended attributes: %w", err)
	}
	return strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00"), nil
}

func getXattr(fd int, name string) ([]byte, error) {
	buf := make([]byte, 64<<10)
	n, err := unix.Fgetxattr(fd, name, buf)
	if err != nil {
		return nil, fmt.Errorf("extended attribute %s: %w", name, err)
	}
	return buf[:n], nil
}
