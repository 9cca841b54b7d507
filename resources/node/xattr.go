package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Xattrs are the extended attributes of a file or directory, ACLs and
// capabilities among them, by name: bytes as the kernel has them. Nil says that
// they are not known.
type Xattrs map[string]string

// MarshalJSON writes the values in base64: they are seldom text.
func (x Xattrs) MarshalJSON() ([]byte, error) {
	if x == nil {
		return []byte("null"), nil
	}
	values := map[string][]byte{}
	for name, value := range x {
		values[name] = []byte(value)
	}
	return json.Marshal(values)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (x *Xattrs) UnmarshalJSON(text []byte) error {
	var values map[string][]byte
	if err := json.Unmarshal(text, &values); err != nil || values == nil {
		*x = nil
		return err
	}
	*x = Xattrs{}
	for name, value := range values {
		(*x)[name] = string(value)
	}
	return nil
}

// capability is the attribute that chown(2) takes from a file.
const capability = "security.capability"

// foreign says whether an attribute is not the file's but how an overlay keeps it.
func foreign(name string) bool {
	return strings.HasPrefix(name, "trusted.overlay.") || strings.HasPrefix(name, "user.overlay.")
}

// Xattrs is part of View.
func (l *Live) Xattrs(path string) (Xattrs, error) {
	fd, err := l.m.open(path, unix.O_PATH|unix.O_NOFOLLOW)
	if err == nil {
		defer unix.Close(fd)
		var x Xattrs
		if x, err = xattrsOf(fd); err == nil {
			return x, nil
		}
	}
	return nil, &fs.PathError{Op: "read the attributes of", Path: path, Err: err}
}

// inherited are those that a new file takes over from the file that it will
// replace. What some user gave to a file which is to be another one's stays behind:
// an ACL might let them in.
func (m *Machine) inherited(p place, to State) (Xattrs, error) {
	r, err := m.reach(p)
	if err != nil {
		return nil, err
	}
	defer unix.Close(r.fd)
	if uid, _, err := m.ids(to); err != nil || uid >= 0 && !trusted(r.st.Uid) && r.st.Uid != uint32(uid) {
		return Xattrs{}, err
	}
	return xattrsOf(r.fd)
}

// xattrsOf are the extended attributes of a file or directory that is held open;
// nil for anything else.
func xattrsOf(fd int) (Xattrs, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFDIR {
		return nil, nil
	}
	names, err := listXattrs(fd)
	if err != nil {
		return nil, err
	}
	x := Xattrs{}
	for _, name := range names {
		value, err := getXattr(fd, name)
		switch {
		case errors.Is(err, unix.ENODATA): // it has gone meanwhile
		case err != nil:
			return nil, err
		default:
			x[name] = value
		}
	}
	return x, nil
}

// listXattrs are the names of the attributes. A path is used because a descriptor
// that is open for its path alone is refused.
func listXattrs(fd int) ([]string, error) {
	n, err := unix.Listxattr(procFD(fd), nil)
	if errors.Is(err, unix.ENOTSUP) || err == nil && n == 0 {
		return nil, nil
	}
	buf := make([]byte, 64<<10) // as long as it can be
	if err == nil {
		n, err = unix.Listxattr(procFD(fd), buf)
	}
	if err != nil {
		return nil, fmt.Errorf("extended attributes: %w", err)
	}
	names := strings.FieldsFunc(string(buf[:n]), func(r rune) bool { return r == 0 })
	return slices.DeleteFunc(names, foreign), nil
}

func getXattr(fd int, name string) (string, error) {
	buf := make([]byte, 64<<10) // as long as it can be
	n, err := unix.Getxattr(procFD(fd), name, buf)
	if err != nil {
		return "", fmt.Errorf("extended attribute %s: %w", name, err)
	}
	return string(buf[:n]), nil
}

// setXattrs gives an open file just these attributes. ACLs that it has from its
// directory go. What the file system has no place for is left out, and what
// this program may not set; the labels of security modules stay.
func setXattrs(fd int, x Xattrs) error {
	now, err := listXattrs(fd)
	if err != nil {
		return err
	}
	for _, name := range now {
		if _, keep := x[name]; keep || strings.HasPrefix(name, "security.") {
			continue
		}
		if err := unix.Fremovexattr(fd, name); err != nil && !unsettable(err) && !errors.Is(err, unix.ENODATA) {
			return fmt.Errorf("extended attribute %s: %w", name, err)
		}
	}
	for name, value := range x {
		if err := unix.Fsetxattr(fd, name, []byte(value), 0); err != nil && !unsettable(err) {
			return fmt.Errorf("extended attribute %s: %w", name, err)
		}
	}
	return nil
}

func unsettable(err error) bool { return errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOTSUP) }
