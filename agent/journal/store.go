package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is the contents of the journal: each once, in a file named by its
// SHA-256. A file gets its name when what it holds is on the disk.

func (j *Journal) contents() string { return filepath.Join(j.dir, "contents") }

// File is the file that holds a content.
func (j *Journal) File(c *node.Content) string { return filepath.Join(j.contents(), c.Digest()) }

// Content is the content with a digest. It is part of node.Store.
func (j *Journal) Content(digest string) (*node.Content, error) {
	if !digests().MatchString(digest) {
		return nil, fmt.Errorf("journal: %q is not a digest", digest)
	}
	text, err := os.ReadFile(filepath.Join(j.contents(), digest))
	if err != nil {
		return nil, wrap(err)
	}
	c := node.NewContent(text)
	if c.Digest() != digest {
		return nil, fmt.Errorf("journal: %s is damaged: it holds something else than it did", filepath.Join(j.contents(), digest))
	}
	return c, nil
}

var digests = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

// keep puts contents on the disk that are not there yet. What is there may be of a
// run that was killed before it could flush the names.
func (j *Journal) keep(contents []*node.Content) error {
	fresh := map[string]*node.Content{}
	for _, c := range contents {
		if _, err := os.Lstat(j.File(c)); errors.Is(err, os.ErrNotExist) {
			fresh[c.Digest()] = c
		} else if err != nil {
			return wrap(err)
		}
	}
	if len(contents) == 0 {
		return nil
	}
	for digest, c := range fresh {
		if err := writeNew(j.unnamed(digest), c.Bytes()); err != nil {
			return errors.Join(wrap(err), j.dropUnnamed())
		}
	}
	if err := syncAll(j.contents(), j.unnamed, fresh); err != nil {
		return errors.Join(wrap(err), j.dropUnnamed())
	}
	for digest, c := range fresh {
		if err := os.Rename(j.unnamed(digest), j.File(c)); err != nil {
			return errors.Join(wrap(err), j.dropUnnamed())
		}
	}
	return syncDir(j.contents())
}

// unnamed is where a content is while it is not on the disk.
func (j *Journal) unnamed(digest string) string { return filepath.Join(j.contents(), "new-"+digest) }

// dropUnnamed removes contents that were being written when a run died.
func (j *Journal) dropUnnamed() error {
	left, _ := filepath.Glob(j.unnamed("*"))
	var errs []error
	for _, file := range left {
		errs = append(errs, wrap(os.Remove(file)))
	}
	return errors.Join(errs...)
}

func writeNew(name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// many is how many files it takes to flush them with the file system.
const many = 16

func syncAll[T any](dir string, file func(string) string, names map[string]T) error {
	if len(names) >= many {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		defer d.Close()
		return unix.Syncfs(int(d.Fd()))
	}
	for name := range names {
		f, err := os.Open(file(name))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// make makes the journal's directories.
func (j *Journal) make() error {
	for _, dir := range []string{j.dir, j.contents()} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return wrap(err)
		}
	}
	return errors.Join(syncDir(filepath.Dir(j.dir)), syncDir(j.dir), j.dropUnnamed())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return wrap(err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return wrap(err)
	}
	return nil
}
