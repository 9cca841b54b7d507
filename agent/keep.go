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

func (o Options) hold(h Hold) error { return o.write(heldFile, h) }

// release lets go of the hold.
func (o Options) release() error {
	err := os.Remove(filepath.Join(o.StateDir, heldFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keep keeps the report of the last run.
func (o Options) keep(r *Report) error { return o.write(reportFile, r) }

// write puts a document into the state directory, whole or not at all.
func (o Options) write(name string, document any) error {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return err
	}
	fresh := filepath.Join(o.StateDir, "."+name)
	if err := os.WriteFile(fresh, append(text, '\n'), 0o600); err != nil {
		_ = os.Remove(fresh)
		return fmt.Errorf("state directory: %w", err)
	}
	return os.Rename(fresh, filepath.Join(o.StateDir, name))
}
