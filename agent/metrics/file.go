package metrics

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/makenotwork/mnw-agent/agent"
)

// This file writes for the textfile collector of node_exporter, which reads all
// files in its directory whose names end in .prom, at any moment. It refuses one
// with time stamps, and one with the series of another: a node has one metrics
// file, whatever the number of its manifests.

// format is the text format, version 0.0.4: the only one that node_exporter reads.
var format = expfmt.NewFormat(expfmt.TypeTextPlain)

const suffix = ".prom"

// CheckPath tells a path that node_exporter would not look at.
func CheckPath(path string) error {
	if name := filepath.Base(path); !strings.HasSuffix(name, suffix) || name == suffix {
		return fmt.Errorf("%s: node_exporter reads files that end in %s: name it mnw-agent%[2]s, say", path, suffix)
	}
	return nil
}

// WriteFile puts what is known of a node into a file, whole or not at all. It
// replaces nothing but a file.
func WriteFile(path string, s *agent.Status, build Build) error {
	if err := replace(path, Registry(s, build)); err != nil {
		return fmt.Errorf("metrics file %s: %w", path, withoutPath(err))
	}
	return nil
}

// replace writes beside the file, under a name with a dot and digits around, and
// renames: in one directory, though somebody swap it for another meanwhile.
func replace(path string, metrics prometheus.Gatherer) error {
	dir, err := openDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no directory %s: make it, or name the one that node_exporter reads (--collector.textfile.directory)", filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	name := filepath.Base(path)
	sweep(dir, name)
	if err := replaceable(dir, name); err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(name, renameio.WithRoot(dir), renameio.WithStaticPermissions(0o644))
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if err := write(file, metrics); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// sweep removes what a run that was killed has left; a minute is more than one
// takes that is alive.
func sweep(dir *os.Root, name string) {
	left := regexp.MustCompile(`^\.` + regexp.QuoteMeta(name) + `\d+$`)
	entries, _ := fs.ReadDir(dir.FS(), ".")
	for _, e := range entries {
		if !left.MatchString(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Minute {
			_ = dir.Remove(e.Name())
		}
	}
}

// replaceable refuses to take the place of anything but a file.
func replaceable(dir *os.Root, name string) error {
	info, err := dir.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("it is %s, and only a file is replaced: remove it, or name another", kind(info.Mode()))
	}
	return nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "no regular file"
}

func write(w io.Writer, metrics prometheus.Gatherer) error {
	families, err := metrics.Gather()
	if err != nil {
		return err
	}
	encoder := expfmt.NewEncoder(w, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// withoutPath is an error of a call without the path, which may be that of the
// temporary file.
func withoutPath(err error) error {
	var of *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &of):
		return of.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
