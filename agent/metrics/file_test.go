package metrics_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/makenotwork/mnw-agent/agent/metrics"
)

// The file can be read by everybody, whatever the mode of the one before and the
// umask (the umask is in test/script), and nothing lies beside it.
func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "mnw.prom")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := metrics.WriteFile(path, full(), build); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 || info.Size() < 1000 {
		t.Errorf("%v %v", info, err)
	}
	if text := make([]byte, 10); readAll(old, text) != "old" {
		t.Errorf("the old file was written to: %q", text)
	}
	if names := list(t, dir); names != "mnw.prom" {
		t.Errorf("in the directory: %s", names)
	}
}

// What cannot be written is said, is left as it was, and leaves nothing behind.
func TestCannotBeWritten(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		prepare func(dir string) error
		path    string
		says    string
	}{
		"no directory": {none, "no/such/mnw.prom",
			"no/such/mnw.prom: there is no directory DIR/no/such: make it, or name the one that node_exporter reads (--collector.textfile.directory)"},
		"a file above": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "f"), nil, 0o600) }, "f/mnw.prom",
			"metrics file DIR/f/mnw.prom: not a directory"},
		"a directory": {func(dir string) error { return os.Mkdir(filepath.Join(dir, "mnw.prom"), 0o700) }, "mnw.prom",
			"metrics file DIR/mnw.prom: it is a directory, and only a file is replaced: remove it, or name another"},
		"a link to a file": {func(dir string) error {
			return os.Symlink("/etc/hostname", filepath.Join(dir, "mnw.prom"))
		}, "mnw.prom", "it is a symbolic link, and only a file is replaced"},
		"a link to nowhere": {func(dir string) error { return os.Symlink("no", filepath.Join(dir, "mnw.prom")) }, "mnw.prom",
			"it is a symbolic link, and only a file is replaced"},
		"a pipe": {func(dir string) error { return unix.Mkfifo(filepath.Join(dir, "mnw.prom"), 0o600) }, "mnw.prom",
			"it is no regular file, and only a file is replaced"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			before := list(t, dir)
			err := metrics.WriteFile(filepath.Join(dir, c.path), full(), build)
			if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(c.says, "DIR", dir)) {
				t.Errorf("it says %v", err)
			}
			if after := list(t, dir); after != before {
				t.Errorf("in the directory was %s, and is %s", before, after)
			}
		})
	}
}

func none(string) error { return nil }

// A file system that is full keeps the old file, and no half of a new one.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8k"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	path := filepath.Join(dir, "mnw.prom")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := metrics.WriteFile(path, full(), build)
	if err == nil || err.Error() != "metrics file "+path+": "+syscall.ENOSPC.Error() {
		t.Errorf("it says %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" || list(t, dir) != "mnw.prom" {
		t.Errorf("%q, %v, %s", text, err, list(t, dir))
	}
}

// What a run that was killed has left goes with the next one; what one that is
// alive is writing does not, and neither does what is somebody else's.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".mnw.prom123", ".mnw.prom", ".mnw.prom1x", ".mnwxprom1", ".other.prom1", ".mnw.prom456"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if age := time.Now().Add(-time.Hour); name != ".mnw.prom456" {
			if err := os.Chtimes(filepath.Join(dir, name), age, age); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := metrics.WriteFile(filepath.Join(dir, "mnw.prom"), full(), build); err != nil {
		t.Fatal(err)
	}
	if names := list(t, dir); names != ".mnw.prom .mnw.prom1x .mnw.prom456 .mnwxprom1 .other.prom1 mnw.prom" {
		t.Errorf("in the directory: %s", names)
	}
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func readAll(file fs.File, into []byte) string {
	n, _ := file.Read(into)
	return string(into[:n])
}
