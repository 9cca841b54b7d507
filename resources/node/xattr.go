package node

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// inherit gives a new file the extended attributes, ACLs among them, of the file
// that it will replace. An ACL that some user gave to a file which is to be
// another one's stays behind.
func (m *Machine) inherit(p place, to *os.File, state State) error {
	r, err := m.reach(p)
	if err != nil {
		return err
	}
	defer unix.Close(r.fd)
	if uid, _, err := m.ids(state); err != nil || uid >= 0 && !trusted(r.st.Uid) && r.st.Uid != uint32(uid) {
		return err
	}
	from, err := reopen(r.fd)
	if err != nil {
		return err
	}
	defer unix.Close(from)
	names, err := listXattrs(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		value, err := getXattr(from, name)
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
