package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// This file is the agent's own documents in the state directory: the report of
// the last run, and which manifests are held.

const (
	reportFile = "report.json"
	heldFile   = "held.json"
)

// A Hold keeps a manifest from being applied again after it was taken back.
type Hold struct {
	Digests []string  `json:"digests"` // of the manifest, and of what was applied since
	Run     int       `json:"run"`     // that was taken back
	Since   time.Time `json:"since"`
	Because string    `json:"because"`
}

func (h *Hold) holds(digest string) bool { return h != nil && slices.Contains(h.Digests, digest) }

// held is the hold that is in force, nil when there is none.
func (o Options) held() (*Hold, error) {
	text, err := os.ReadFile(filepath.Join(o.StateDir, heldFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	h := new(Hold)
	if err := json.Unmarshal(text, h); err != nil {
		return nil, fmt.Errorf("state directory: %s: %w: remove it to hold no manifest", heldFile, err)
	}
	return h, nil
}

func (o Options) hold(h Hold) error {
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	return o.write(heldFile, text, true)
}

// release lets go of the hold that a run has come to replace, if there is one.
func (r *run) release() error {
	if !r.letGo {
		return nil
	}
	return r.options.release()
}

// release lets go of the hold.
func (o Options) release() error {
	err := os.Remove(filepath.Join(o.StateDir, heldFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = flushDir(o.StateDir)
	}
	return stateError(err)
}

// keep keeps the report of the last run. A run that finds nothing to do should
// cost next to nothing, so it is not flushed to the disk: a loss of power may cost
// the report, and no more.
func (o Options) keep(r *Report) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return o.write(reportFile, text, false)
}

// write puts a document in the place of an older one, whole or not at all.
func (o Options) write(name string, text []byte, flush bool) error {
	at := filepath.Join(o.StateDir, name)
	file, err := os.OpenFile(at+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return stateError(err)
	}
	_, err = file.Write(append(text, '\n'))
	if err == nil && flush {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(at+".new", at)
	}
	if err == nil && flush {
		err = flushDir(o.StateDir)
	}
	if err != nil {
		_ = os.Remove(at + ".new")
	}
	return stateError(err)
}

// flushDir brings the names in a directory to the disk.
func flushDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}

func stateError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("state directory: %w", err)
}
