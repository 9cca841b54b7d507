package gitrepo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// A Store is the objects of a repository. Only the small ones can be read: commits
// and tags.
type Store struct {
	tree  Tree
	dirs  []string // that objects lie in
	packs []*pack
	known map[string][]string // what has been read: what an object comes from
	ends  int                 // of what is known, how much it is
}

// An object is one, without its name.
type object struct {
	kind string
	body []byte
}

const (
	maxObject     = 4 << 20 // commits and tags are small
	maxAlternates = 32
	maxPacks      = 1000      // git gc leaves 50; each is held open
	maxKnown      = 2_000_000 // of commits and their parents: more than Linux has
)

// Open opens the objects of a repository, those that it shares with others included.
func Open(t Tree, dir string) (*Store, error) {
	s := &Store{tree: t, dirs: []string{path.Join(dir, "objects")}, known: map[string][]string{}}
	if err := s.borrow(); err != nil {
		return nil, err
	}
	for _, dir := range s.dirs {
		if err := s.openPacks(path.Join(dir, "pack")); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Borrows is the directories with objects of other repositories on which one relies.
func Borrows(t Tree, dir string) ([]string, error) {
	s := &Store{tree: t, dirs: []string{path.Join(dir, "objects")}}
	err := s.borrow()
	return s.dirs[1:], err
}

// borrow adds the directories that the objects are shared with.
func (s *Store) borrow() error {
	for i := 0; i < len(s.dirs) && i < maxAlternates; i++ {
		text, err := begin(s.tree, path.Join(s.dirs[i], "info/alternates"), maxObject)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for line := range strings.Lines(string(text)) {
			switch line = strings.TrimSpace(line); {
			case line == "" || line[0] == '#':
			case len(s.dirs) > maxAlternates:
				return fmt.Errorf("it borrows objects from more than %d others: run git repack -a -d there", maxAlternates)
			case path.IsAbs(line):
				s.dirs = append(s.dirs, line)
			default:
				s.dirs = append(s.dirs, path.Join(s.dirs[i], line))
			}
		}
	}
	return nil
}

func (s *Store) openPacks(dir string) error {
	names, err := s.tree.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range names {
		base, isIndex := strings.CutSuffix(name, ".idx")
		if !isIndex {
			continue
		}
		if len(s.packs) == maxPacks {
			return fmt.Errorf("it has more than %d packs: run git gc there", maxPacks)
		}
		p, err := openPack(s.tree, path.Join(dir, base))
		if err != nil {
			return fmt.Errorf("%s: %w", path.Join(dir, name), err)
		}
		s.packs = append(s.packs, p)
	}
	return nil
}

// Close closes the files that are open.
func (s *Store) Close() error {
	var errs []error
	for _, p := range s.packs {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// Has says whether an object is there.
func (s *Store) Has(id string) (bool, error) {
	for _, dir := range s.dirs {
		if r, err := s.tree.Open(loosePath(dir, id)); err == nil {
			return true, r.Close()
		}
	}
	for _, p := range s.packs {
		if _, ok, err := p.find(id); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// get is an object; an error that is fs.ErrNotExist when it is not there.
func (s *Store) get(ctx context.Context, id string) (object, error) {
	for _, dir := range s.dirs {
		o, err := s.loose(loosePath(dir, id))
		if !errors.Is(err, fs.ErrNotExist) {
			return o, err
		}
	}
	for _, p := range s.packs {
		at, ok, err := p.find(id)
		switch {
		case err != nil:
			return object{}, err
		case ok:
			return p.read(ctx, at, int64(len(id)/2), 0)
		}
	}
	return object{}, fmt.Errorf("object %s: %w", id, fs.ErrNotExist)
}

func loosePath(dir, id string) string { return path.Join(dir, id[:2], id[2:]) }

// loose reads an object that is a file.
func (s *Store) loose(file string) (object, error) {
	r, err := s.tree.Open(file)
	if err != nil {
		return object{}, err
	}
	defer r.Close()
	text, err := inflate(bufio.NewReader(r), maxObject)
	if err != nil {
		return object{}, fmt.Errorf("%s: %w", file, err)
	}
	head, body, _ := bytes.Cut(text, []byte{0})
	kind, size, _ := strings.Cut(string(head), " ")
	if n, err := strconv.Atoi(size); err != nil || n != len(body) {
		return object{}, fmt.Errorf("%s: it is no object of git", file)
	}
	return object{kind, body}, nil
}

// inflate unpacks a text that may not be longer than most.
func inflate(from io.Reader, most int64) ([]byte, error) {
	r, err := zlib.NewReader(from)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = errors.New("it is larger than it says, or than any commit")
	}
	return text, err
}
