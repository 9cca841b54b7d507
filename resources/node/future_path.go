package node

import (
	"fmt"
	"path"
)

// This file is a future's paths: what is at each, seen through the symlinks and
// directories that the future itself has made, moved or taken away. future_read.go
// is what they hold.

// layPath records what a path becomes. It is put there anew, or merely altered
// where it is; what is put there anew may still have the attributes kept of what
// was there.
func (f *Future) layPath(at string, to State, anew, kept bool) {
	at = f.resolve(path.Dir(at), at)
	dir := path.Dir(at)
	before, known := f.paths[at]
	if !known {
		f.names[dir] = append(f.names[dir], path.Base(at))
		for up := dir; !f.above[up]; up = path.Dir(up) {
			f.above[up] = true
		}
	}
	if kept && known {
		to.Xattrs, kept = before.Xattrs, before.kept
	}
	f.paths[at] = laid{to, anew && to.Kind == Directory, kept}
	if anew {
		f.stirred[dir] = f.Now()
	}
	if to.Kind != File {
		f.dirs = map[string]string{}
	}
}

// Resolve is where a path leads: its directory with all symlinks followed.
func (f *Future) Resolve(at string) string { return f.resolve(path.Dir(at), at) }

// resolve is the path at with its directory dir resolved.
func (f *Future) resolve(dir, at string) string {
	if at == "/" {
		return at
	}
	return path.Join(f.dir(dir, 0), path.Base(at))
}

// maxLinks is how many symlinks a path may lead through, as in Linux.
const maxLinks = 40

// dir is the directory at a path, all symlinks followed. What is not there
// resolves to itself.
func (f *Future) dir(at string, depth int) string {
	if at == "/" || depth > maxLinks {
		return at
	}
	f.mu.RLock()
	found, ok := f.dirs[at]
	f.mu.RUnlock()
	if ok {
		return found
	}
	above := f.dir(path.Dir(at), depth)
	found = path.Join(above, path.Base(at))
	if state, err := f.at(found); err == nil && state.Kind == Symlink {
		found = f.dir(join(above, state.Target), depth+1)
	}
	f.mu.Lock()
	f.dirs[at] = found
	f.mu.Unlock()
	return found
}

// at is the state at a resolved path.
func (f *Future) at(resolved string) (s State, err error) {
	if l, ok := f.paths[resolved]; ok {
		s = l.State
	} else if !f.hidden(resolved) {
		s, err = f.View.Lstat(f.source(resolved))
	}
	if at, ok := f.stirred[resolved]; ok && s.Kind == Directory {
		s.MTime = at
	}
	return s, err
}

// hidden says whether what lies below the future at a path cannot be seen,
// because a directory above it is gone, or new.
func (f *Future) hidden(resolved string) bool {
	for dir := path.Dir(resolved); dir != "/"; dir = path.Dir(dir) {
		if s, ok := f.paths[dir]; ok {
			return s.Kind != Directory || s.fresh
		}
	}
	return false
}

func (f *Future) untouched() bool { return len(f.paths) == 0 }

// Lstat is part of View.
func (f *Future) Lstat(at string) (State, error) {
	if f.untouched() {
		return f.View.Lstat(at)
	}
	return f.at(f.resolve(path.Dir(at), at))
}

// follow is the resolved path of what a path leads to.
func (f *Future) follow(at string) (string, error) {
	for range maxLinks {
		at = f.resolve(path.Dir(at), at)
		s, err := f.at(at)
		if err != nil || s.Kind != Symlink {
			return at, err
		}
		at = join(path.Dir(at), s.Target)
	}
	return "", fmt.Errorf("%s: too many levels of symlinks", at)
}

// Touched says whether a change that was laid concerns the path or what lies
// below it, or takes away or makes a directory that it lies in.
func (f *Future) Touched(at string) bool {
	at = f.resolve(path.Dir(at), at)
	if _, ok := f.paths[at]; ok || f.above[at] {
		return true
	}
	for dir := path.Dir(at); dir != "/"; dir = path.Dir(dir) {
		if s, ok := f.paths[dir]; ok && (s.Kind != Directory || s.fresh) {
			return true
		}
	}
	return false
}

// join is where a symlink's target leads from the directory that holds it.
func join(dir, target string) string {
	if path.IsAbs(target) {
		return path.Clean(target)
	}
	return path.Join(dir, target)
}
