// Package gitrepo reads git repositories as they lie on a disk, without git: their
// refs, and whether what a ref is at has come from something else.
package gitrepo

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// A Tree is the files that repositories lie in.
type Tree interface {
	// ReadDir returns the names in a directory, sorted.
	ReadDir(path string) ([]string, error)
	// Readlink returns where a symbolic link leads; an error for anything else.
	Readlink(path string) (string, error)
	// Open is the content of a file, to be read bit by bit; it follows symbolic links.
	Open(path string) (io.ReadCloser, error)
}

// Is says whether a directory is a repository: a bare one, or the .git of another.
func Is(t Tree, dir string) bool {
	for _, name := range []string{"objects", "refs"} {
		if _, err := t.ReadDir(path.Join(dir, name)); err != nil {
			return false
		}
	}
	_, err := begin(t, path.Join(dir, "HEAD"), maxRef)
	return err == nil
}

const (
	maxRef    = 4 << 10  // what a file with one ref holds
	maxPacked = 64 << 20 // what packed-refs holds: a million of refs
)

// begin is how a file begins: it may have been made larger than the memory.
func begin(t Tree, file string, most int64) ([]byte, error) {
	r, err := t.Open(file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, most))
}

// Refs is the refs of a repository with what each is at, HEAD only when it is at
// something by itself. A ref that stands for another one is left out.
func Refs(t Tree, dir string) (map[string]string, error) {
	refs := map[string]string{}
	packed, err := begin(t, path.Join(dir, "packed-refs"), maxPacked+1)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case len(packed) > maxPacked:
		return nil, errors.New("its packed-refs are larger than those of any repository")
	}
	for line := range strings.Lines(string(packed)) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if isID(id) && name != "" {
			refs[name] = id
		}
	}
	if err := loose(t, dir, "HEAD", refs); err != nil {
		return nil, err
	}
	return refs, below(t, dir, "refs", refs)
}

// below adds the refs that are files in a directory, each in one of its own.
func below(t Tree, dir, name string, refs map[string]string) error {
	names, err := t.ReadDir(path.Join(dir, name))
	if err != nil {
		return err
	}
	for _, last := range names {
		next := path.Join(name, last)
		if _, err := t.Readlink(path.Join(dir, next)); err == nil || strings.HasSuffix(last, ".lock") {
			continue // git makes no such links any more, and they may lead in circles
		}
		if _, err := t.ReadDir(path.Join(dir, next)); err == nil {
			err = below(t, dir, next, refs)
			if err != nil {
				return err
			}
			continue
		}
		if err := loose(t, dir, next, refs); err != nil {
			return err
		}
	}
	return nil
}

// loose adds a ref that is a file.
func loose(t Tree, dir, name string, refs map[string]string) error {
	text, err := begin(t, path.Join(dir, name), maxRef)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was packed meanwhile
	}
	if id := strings.TrimSpace(string(text)); isID(id) {
		refs[name] = id
	}
	return err
}

// isID says whether a text names an object, by SHA-1 or SHA-256.
func isID(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil && (len(text) == 40 || len(text) == 64)
}
