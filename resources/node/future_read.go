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

// This file is what a future's paths hold: what was laid there, or what lies below.

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
