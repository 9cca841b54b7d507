package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// This file is a future's paths: what lies at each, seen through the symlinks and
// directories that the future itself has made, moved or taken away.

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

// Readlink is part of View.
func (f *Future) Readlink(at string) (string, error) {
	if f.untouched() {
		return f.View.Readlink(at)
	}
	resolved := f.resolve(path.Dir(at), at)
	s, ok := f.paths[resolved]
	switch {
	case !ok && !f.hidden(resolved):
		return f.View.Readlink(f.source(resolved))
	case s.Kind == Absent:
		return "", &fs.PathError{Op: "readlink", Path: at, Err: fs.ErrNotExist}
	case s.Kind != Symlink:
		return "", &fs.PathError{Op: "readlink", Path: at, Err: fs.ErrInvalid}
	}
	return s.Target, nil
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

// ReadFile is part of View.
func (f *Future) ReadFile(at string) ([]byte, error) {
	if f.untouched() {
		return f.View.ReadFile(at)
	}
	resolved, err := f.follow(at)
	if err != nil {
		return nil, err
	}
	s, ok := f.paths[resolved]
	switch {
	case ok && s.Kind == File && s.Content != nil:
		return bytes.Clone(s.Content.Bytes()), nil
	case ok && s.Kind == Absent, !ok && f.hidden(resolved):
		return nil, &fs.PathError{Op: "read", Path: at, Err: fs.ErrNotExist}
	case ok && s.Kind != File:
		return nil, &fs.PathError{Op: "read", Path: at, Err: fmt.Errorf("it is %s", s.A())}
	}
	return f.View.ReadFile(f.source(resolved))
}

// Open is part of View.
func (f *Future) Open(at string) (io.ReadCloser, error) {
	if f.untouched() {
		return f.View.Open(at)
	}
	resolved, err := f.follow(at)
	if err != nil {
		return nil, err
	}
	if s, ok := f.paths[resolved]; ok && (s.Kind != File || s.Content != nil) || !ok && f.hidden(resolved) {
		text, err := f.ReadFile(resolved)
		return io.NopCloser(bytes.NewReader(text)), err
	}
	return f.View.Open(f.source(resolved))
}

// Digest is part of View.
func (f *Future) Digest(ctx context.Context, at string) (Digest, error) {
	resolved, err := f.follow(at)
	if err != nil {
		return Digest{}, err
	}
	if s, ok := f.paths[resolved]; ok && (s.Kind != File || s.Content != nil) || !ok && f.hidden(resolved) {
		text, err := f.ReadFile(resolved)
		return sha256.Sum256(text), err
	}
	return f.View.Digest(ctx, f.source(resolved))
}

// Xattrs is part of View.
func (f *Future) Xattrs(at string) (Xattrs, error) {
	if f.untouched() {
		return f.View.Xattrs(at)
	}
	resolved := f.resolve(path.Dir(at), at)
	s, ok := f.paths[resolved]
	switch {
	case ok && s.Kind == Absent, !ok && f.hidden(resolved):
		return nil, &fs.PathError{Op: "read the attributes of", Path: at, Err: fs.ErrNotExist}
	case ok && !s.kept:
		return s.Xattrs, nil
	}
	return f.View.Xattrs(f.source(resolved))
}

// Holds is part of View.
func (f *Future) Holds(at string, content []byte) (bool, error) {
	if f.untouched() {
		return f.View.Holds(at, content)
	}
	resolved := f.resolve(path.Dir(at), at)
	if s, ok := f.paths[resolved]; ok && (s.Kind != File || s.Content != nil) {
		return s.Kind == File && bytes.Equal(s.Content.Bytes(), content), nil
	}
	return f.View.Holds(f.source(resolved), content)
}

// ReadDir is part of View.
func (f *Future) ReadDir(at string) ([]string, error) {
	if f.untouched() {
		return f.View.ReadDir(at)
	}
	resolved, err := f.follow(at)
	if err != nil {
		return nil, err
	}
	s, err := f.at(resolved)
	if err != nil {
		return nil, err
	}
	if s.Kind != Directory {
		err := fs.ErrNotExist
		if s.Kind != Absent {
			err = fmt.Errorf("it is %s", s.A())
		}
		return nil, &fs.PathError{Op: "list", Path: at, Err: err}
	}
	names := map[string]bool{}
	if l, ok := f.paths[resolved]; (!ok || !l.fresh) && !f.hidden(resolved) {
		below, err := f.View.ReadDir(f.source(resolved))
		if err != nil {
			return nil, err
		}
		for _, name := range below {
			names[name] = true
		}
	}
	for _, name := range f.names[resolved] {
		if f.paths[path.Join(resolved, name)].Kind == Absent {
			delete(names, name)
		} else {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
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
