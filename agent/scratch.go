package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/makenotwork/mnw-agent/manifests"
)

const scratchName = "mnw-agent-preview-"

// scratch is a new private directory: below the state directory, or, where plan
// finds none and makes none, among the system's temporary files. It is locked
// while the run lives.
func (r *run) scratch() (dir string, remove func(), err error) {
	above := r.options.StateDir
	if _, err := os.Stat(above); err != nil || unix.Access(above, unix.W_OK) != nil {
		above = os.TempDir()
		if err := manifests.Ours(above); err != nil {
			return "", nil, fmt.Errorf("scratch directory: %w", err)
		}
	} else {
		sweep(above, time.Now().Add(-time.Minute))
	}
	dir, err = os.MkdirTemp(above, scratchName)
	if err != nil {
		return "", nil, fmt.Errorf("scratch directory: %w", err)
	}
	held, err := os.Open(dir)
	if err == nil {
		err = unix.Flock(int(held.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return "", nil, fmt.Errorf("scratch directory: %w", err)
	}
	return dir, func() {
		_ = os.RemoveAll(dir)
		held.Close()
	}, nil
}

// sweep removes the scratch directories that killed runs have left: those that
// nobody has locked, and that are older than a run needs to lock its own.
func sweep(above string, since time.Time) {
	left, _ := filepath.Glob(filepath.Join(above, scratchName+"*"))
	for _, dir := range left {
		file, err := os.Open(dir)
		if err != nil {
			continue
		}
		info, err := file.Stat()
		if err == nil && info.ModTime().Before(since) && unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = os.RemoveAll(dir)
		}
		file.Close()
	}
}
