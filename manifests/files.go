package manifests

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/sys/unix"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// sourceLimit is how many bytes a file that a manifest loads may have, and how
// many a template may make.
const sourceLimit = 32 << 20

// sources are the files beside a manifest: what package resources calls Sources.
type sources struct {
	dir   string
	data  func(text string) map[string]any // for a template
	files map[string]loaded
	reads func(path string) // told each file; nil for nobody
	trust trust
}

type loaded struct {
	content *node.Content
	err     error
}

// Read is part of resources.Sources.
func (s *sources) Read(name string) (*node.Content, error) {
	if file, ok := s.files[name]; ok {
		return file.content, file.err
	}
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(s.dir, name)
	}
	var file loaded
	if data, err := s.open(path, sourceLimit); err != nil {
		file.err = fmt.Errorf("%s: %w", path, err)
	} else {
		file.content = node.NewContent(data)
	}
	if s.files == nil {
		s.files = map[string]loaded{}
	}
	s.files[name] = file
	return file.content, file.err
}

// Render is part of resources.Sources.
func (s *sources) Render(name, text string) (*node.Content, error) {
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, unprefixed(err)
	}
	out := &limited{}
	if err := t.Execute(out, s.data(text)); err != nil {
		return nil, unprefixed(err)
	}
	return node.NewContent(out.Bytes()), nil
}

// unprefixed is a template's error without the word "template" before its place.
func unprefixed(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "template: "))
}

// templateData is what a template may use. Facts are asked for only when its
// text has the word in it.
func (l *loader) templateData(text string) map[string]any {
	data := map[string]any{"vars": l.vars.values()}
	if strings.Contains(text, "facts") {
		data["facts"] = l.facts()
	}
	return data
}

// A limited buffer does not grow beyond sourceLimit.
type limited struct{ bytes.Buffer }

func (b *limited) Write(p []byte) (int, error) {
	if b.Len()+len(p) > sourceLimit {
		return 0, errors.New(tooLarge(sourceLimit))
	}
	return b.Buffer.Write(p)
}

// digest is that of a manifest with all that was read for it.
func (s *sources) digest(manifest []byte) string {
	sum := sha256.New()
	sum.Write(manifest)
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		if file := s.files[name]; file.err == nil {
			sum.Write([]byte("\x00" + name + "\x00" + file.content.Digest()))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// open reads a file of at most limit bytes that nobody else can have written.
func (s *sources) open(path string, limit int64) ([]byte, error) {
	if s.reads != nil {
		s.reads(path)
	}
	// A named pipe would wait here for somebody to write, were it not for O_NONBLOCK.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, cause(err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("it is %s, not a file", kindOfFile(info.Mode()))
	case info.Size() > limit:
		return nil, errors.New(tooLarge(limit))
	}
	if err := s.trust.file(path, info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New(tooLarge(limit))
	}
	return data, cause(err)
}

// cause is a file error without the operation and the path, which is named
// elsewhere.
func cause(err error) error {
	var inner *fs.PathError
	if errors.As(err, &inner) {
		return inner.Err
	}
	return err
}

func kindOfFile(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

func tooLarge(limit int64) string {
	return "it is larger than " + inMiB(limit)
}

func inMiB(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
