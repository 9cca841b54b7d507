package node

import (
	"errors"
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// How much of a tree a preview has of its copy: as much as judges, and the changes that
// come after, can have to do with. The rest is there on the node.
const (
	sketchNames = 5000
	sketchBytes = 64 << 10 // of a file; a longer one is there, and holds nothing
)

// sketch makes the copy of a tree in a preview: the names next to the top first.
func (m *Machine) sketch(c *TreeSync) error {
	p, err := m.place(c.To)
	if err != nil {
		return err
	}
	defer p.close()
	now, err := m.stateAt(p, false)
	if err != nil {
		return err
	}
	if now.Kind == Absent {
		if err := m.makeDirectory(p, c.Top); err != nil {
			return fmt.Errorf("%s: %w", c.To, explain(err))
		}
	}
	left := sketchNames
	for level := []string{""}; len(level) > 0 && left > 0; {
		var below []string
		for _, rel := range level {
			dirs, err := m.sketchLevel(c, rel, &left)
			if err != nil {
				return fmt.Errorf("%s: %w", path.Join(c.To, rel), err)
			}
			below = append(below, dirs...)
		}
		level = below
	}
	return nil
}

// sketchLevel sketches one directory, and tells the directories in it.
func (m *Machine) sketchLevel(c *TreeSync, rel string, left *int) (dirs []string, err error) {
	src, err := m.open(path.Join(c.From, rel), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(src)
	dst, err := m.open(path.Join(c.To, rel), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dst)
	names, err := namesOf(src)
	if err != nil {
		return nil, err
	}
	for _, name := range names[:min(len(names), *left)] {
		*left--
		isDir, err := m.sketchOne(src, dst, name)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return nil, err
		}
		if isDir {
			dirs = append(dirs, path.Join(rel, name))
		}
	}
	return dirs, nil
}

func (m *Machine) sketchOne(src, dst int, name string) (isDir bool, err error) {
	r, err := hold(src, name)
	if err != nil {
		return false, err
	}
	defer unix.Close(r.fd)
	s := m.state(&r.st, "")
	p := place{dir: dst, name: name, path: name}
	switch s.Kind {
	case Directory:
		return true, m.makeDirectory(p, s)
	case Symlink:
		if s.Target, err = readlinkat(r.fd, ""); err != nil {
			return false, err
		}
		return false, m.writeLink(p, s)
	case File:
		data := []byte{}
		if s.Size <= sketchBytes {
			if data, err = readHeld(r.fd, name); err != nil {
				return false, err
			}
		}
		s.Content = NewContent(data)
		return false, m.writeFile(p, State{}, s)
	}
	return false, nil
}
