package node

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// This file makes changes last through a loss of power.
//
// A file is then the old one or the new one, and nothing in between: what it
// holds is on the disk before it gets its name. That the name is there as well
// is certain once its directory is flushed. Until then a loss of power may bring
// the old file back, which the next run replaces, as it would any other. So
// directories are flushed together: when all is done, and before a program runs
// or a service starts, which may rely on what it finds.
//
// To flush a file costs a commit of the file system's journal, far more than to
// write a small one. When many are to be written, Ahead writes what they hold to
// files without names and flushes these with one call for each file system. That
// flushes what others have written, too, which is why it is left for the many.

// A flushing is what a machine still has to do for that.
type flushing struct {
	ahead map[string]written // by path
	dirs  map[inode]int      // to be flushed, held open
}

func newFlushing() flushing {
	return flushing{ahead: map[string]written{}, dirs: map[inode]int{}}
}

// A written file has no name yet. It is gone when the program dies.
type written struct {
	file    *os.File
	content *Content
	dir     inode // that it is meant for
}

// An inode names a file or directory by number.
type inode struct{ dev, ino uint64 }

func inodeOf(fd int) (inode, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return inode{st.Dev, st.Ino}, err
}

// many is how many files it takes for Ahead to be worth it, and how many
// directories may wait to be flushed.
const many = 16

// Ahead prepares to perform changes: when many of them write files, the contents
// are brought to the disk together. What it cannot do now is left to Perform. The
// changes are performed next, or not at all.
func (m *Machine) Ahead(changes []Change) {
	m.drop()
	var writes []*PathChange
	for _, c := range changes {
		if c, ok := c.(*PathChange); ok && c.To.Kind == File && c.To.Content != nil {
			writes = append(writes, c)
		}
	}
	if len(writes) < many || m.quick {
		return
	}
	filesystems := map[uint64]int{}
	for _, c := range writes {
		if w, err := m.write(c); err == nil {
			m.flushing.ahead[c.Path] = w
			filesystems[w.dir.dev] = int(w.file.Fd())
		}
	}
	for _, fd := range filesystems {
		if unix.Syncfs(fd) != nil {
			m.drop()
			return
		}
	}
}

// drop forgets what was written ahead.
func (m *Machine) drop() {
	for _, w := range m.flushing.ahead {
		w.file.Close()
	}
	clear(m.flushing.ahead)
}

// write writes what a change makes a file hold to a file without a name, in the
// same directory.
func (m *Machine) write(c *PathChange) (written, error) {
	p, err := m.place(c.Path)
	if err != nil {
		return written{}, err
	}
	defer p.close()
	dir, err := inodeOf(p.dir)
	if err == nil {
		err = p.mayRename()
	}
	if err != nil {
		return written{}, err
	}
	file, err := p.nameless()
	if err != nil {
		return written{}, err
	}
	if _, err := file.Write(c.To.Content.Bytes()); err != nil {
		file.Close()
		return written{}, err
	}
	return written{file, c.To.Content, dir}, nil
}

// takeAhead is the file that was written ahead for a place, nil when there is none.
func (m *Machine) takeAhead(p place, content *Content) *os.File {
	w, ok := m.flushing.ahead[p.path]
	if !ok {
		return nil
	}
	delete(m.flushing.ahead, p.path)
	if dir, err := inodeOf(p.dir); err != nil || dir != w.dir || content != w.content {
		w.file.Close()
		return nil
	}
	return w.file
}

// sync sees to it that the directory of a place is flushed.
func (m *Machine) sync(p place) error {
	if m.quick {
		return nil
	}
	dir, err := inodeOf(p.dir)
	if err != nil {
		return err
	}
	if _, known := m.flushing.dirs[dir]; known {
		return nil
	}
	fd, err := unix.Openat(p.dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	m.flushing.dirs[dir] = fd
	if len(m.flushing.dirs) > many {
		return m.Flush()
	}
	return nil
}

// Flush makes all changes that were performed last through a loss of power.
func (m *Machine) Flush() error {
	var errs []error
	for dir, fd := range m.flushing.dirs {
		if err := unix.Fsync(fd); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("flush a directory: %w", err))
		}
		unix.Close(fd)
		delete(m.flushing.dirs, dir)
	}
	return errors.Join(errs...)
}
