package node

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Listings is what a view has found in directories and symlinks. How a unit is
// configured depends on a dozen directories with some hundred entries and on
// where the links among them lead, the same for every unit: this is read once.
type listings struct {
	mu    sync.Mutex
	dirs  map[string]*listing
	links map[string]linked
}

// A listing is the entries of one directory.
type listing struct {
	names []string        // sorted
	links map[string]bool // those that are symlinks
	err   error
}

// A linked is where a symlink leads, or why that cannot be told.
type linked struct {
	target string
	err    error
}

// ReadDir is part of View.
func (l *Live) ReadDir(path string) ([]string, error) {
	l.listings.mu.Lock()
	defer l.listings.mu.Unlock()
	found := l.listings.dirs[path]
	if found == nil {
		found = l.readDir(path)
		l.listings.dirs[path] = found
	}
	return slices.Clone(found.names), found.err
}

func (l *Live) readDir(path string) *listing {
	fd, err := l.m.open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return &listing{err: &fs.PathError{Op: "list", Path: path, Err: err}}
	}
	dir := os.NewFile(uintptr(fd), "/proc/self/fd/"+strconv.Itoa(fd))
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	found := &listing{links: map[string]bool{}, err: err}
	for _, e := range entries {
		found.names = append(found.names, e.Name())
		if e.Type()&fs.ModeSymlink != 0 {
			found.links[e.Name()] = true
		}
	}
	slices.Sort(found.names)
	return found
}

// Readlink is part of View.
func (l *Live) Readlink(at string) (string, error) {
	l.listings.mu.Lock()
	defer l.listings.mu.Unlock()
	if dir := l.listings.dirs[path.Dir(at)]; dir != nil && dir.isOther(path.Base(at)) {
		return "", &fs.PathError{Op: "readlink", Path: at, Err: unix.EINVAL}
	}
	found, ok := l.listings.links[at]
	if !ok {
		found = l.readLink(at)
		l.listings.links[at] = found
	}
	return found.target, found.err
}

func (l *Live) readLink(at string) linked {
	st, target, err := l.m.lstat(at)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFLNK {
		err = unix.EINVAL
	}
	if err != nil {
		err = &fs.PathError{Op: "readlink", Path: at, Err: err}
	}
	return linked{target, err}
}

// isOther says whether a name is in the directory and is not that of a symlink.
func (l *listing) isOther(name string) bool {
	_, there := slices.BinarySearch(l.names, name)
	return there && !l.links[name]
}
