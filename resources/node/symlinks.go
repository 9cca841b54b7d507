package node

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// manyNames is how many names are searched for symlinks at most: some seconds.
const manyNames = 2_000_000

// Symlinks is part of View. Only names are read, a kind comes with each; what is a
// view of the kernel, or lies on another machine, is left alone.
func (l *Live) Symlinks(except []string) ([]Link, bool) {
	s := linkSearch{m: l.m, left: manyNames}
	s.except = slices.Concat(kernelViews, except)
	if !l.m.offline {
		table, _ := readMounts()
		for _, m := range table {
			if !m.disk && !slices.Contains(localKinds, m.kind) {
				s.except = append(s.except, m.point)
			}
		}
	}
	s.search("/")
	sortLinks(s.found)
	return s.found, s.left > 0
}

func sortLinks(links []Link) {
	slices.SortFunc(links, func(a, b Link) int { return cmp.Compare(a.Path, b.Path) })
}

// A linkSearch goes through a machine.
type linkSearch struct {
	m      *Machine
	except []string
	left   int
	found  []Link
}

func (s *linkSearch) search(at string) {
	if s.left <= 0 || slices.Contains(s.except, at) {
		return
	}
	fd, err := s.m.open(at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NOATIME)
	if err != nil {
		if fd, err = s.m.open(at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW); err != nil {
			return
		}
	}
	dir := os.NewFile(uintptr(fd), "/proc/self/fd/"+strconv.Itoa(fd))
	entries, _ := dir.ReadDir(-1)
	s.left -= len(entries)
	var below []string
	for _, e := range entries {
		switch {
		case e.IsDir():
			below = append(below, e.Name())
		case e.Type()&fs.ModeSymlink != 0:
			if target, err := readlinkat(fd, e.Name()); err == nil {
				s.found = append(s.found, Link{path.Join(at, e.Name()), target})
			}
		}
	}
	dir.Close()
	for _, name := range below {
		s.search(path.Join(at, name))
	}
}

// Symlinks is part of View.
func (f *Future) Symlinks(except []string) ([]Link, bool) {
	below, complete := f.View.Symlinks(except)
	if f.untouched() {
		return below, complete
	}
	var found []Link
	for _, link := range below {
		if _, laid := f.paths[link.Path]; !laid && !f.hidden(link.Path) {
			found = append(found, link)
		}
		for to, from := range f.moved {
			if !under(link.Path, from) || anyAbove(except, to) {
				continue
			}
			at := to + link.Path[len(from):]
			if laid, ok := f.paths[at]; ok && at == to && laid.Kind == Symlink || !ok && !f.hidden(at) {
				found = append(found, Link{at, link.Target})
			}
		}
	}
	for at, s := range f.paths {
		if s.Kind == Symlink && !anyAbove(except, at) && f.moved[at] == "" {
			found = append(found, Link{at, s.Target})
		}
	}
	sortLinks(found)
	return slices.Compact(found), complete
}

// anyAbove says whether a path is one of some directories, or lies in one.
func anyAbove(dirs []string, at string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return under(at, dir) })
}
