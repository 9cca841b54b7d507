package node

import (
	"errors"
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// A TreeSize is how much there is in a tree.
type TreeSize struct {
	Files   int   // and all else that is no directory
	Bytes   int64 // in files, each counted once
	Sockets []string
}

// Measure is part of View.
func (l *Live) Measure(at string) (TreeSize, error) {
	fd, err := l.m.open(at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return TreeSize{}, nil
	}
	if err != nil {
		return TreeSize{}, fmt.Errorf("%s: %w", at, err)
	}
	defer unix.Close(fd)
	m := measuring{seen: map[inode]bool{}}
	err = m.level(fd, at)
	return m.size, err
}

// A measuring is on its way through a tree. What goes meanwhile counts for nothing.
type measuring struct {
	size TreeSize
	seen map[inode]bool // of what has several names
}

func (m *measuring) level(fd int, at string) error {
	names, err := namesOf(fd)
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	for _, name := range names {
		var st unix.Stat_t
		if err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			continue
		}
		below := path.Join(at, name)
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			if err := m.enter(fd, name, below); err != nil {
				return err
			}
			continue
		case unix.S_IFSOCK:
			m.size.Sockets = append(m.size.Sockets, below)
			continue
		case unix.S_IFREG:
			key := inode{st.Dev, st.Ino}
			if !m.seen[key] {
				m.size.Bytes += st.Size
			}
			if st.Nlink > 1 {
				m.seen[key] = true
			}
		}
		m.size.Files++
	}
	return nil
}

func (m *measuring) enter(fd int, name, at string) error {
	dir, err := place{dir: fd, name: name, path: at}.openTop()
	if err != nil || dir < 0 {
		return err
	}
	defer unix.Close(dir)
	return m.level(dir, at)
}
