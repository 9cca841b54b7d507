package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is the agent's own documents in the state directory: the report of
// the last run, which manifests are held, and what is known of the content of files.

const (
	reportFile  = "report.json"
	heldFile    = "held.json"
	digestsFile = "digests"
)

// A Hold keeps a manifest from being applied again after it was taken back. Each
// manifest of a node has its own: what comes of one says nothing about another.
type Hold struct {
	Manifests []string  `json:"manifests"` // their paths: whoever changes one lets go of it
	Digests   []string  `json:"digests"`   // of the manifest, and of what was applied since
	Run       int       `json:"run"`       // that was taken back
	Since     time.Time `json:"since"`
	Because   string    `json:"because"`
}

func (h Hold) holds(digest string) bool { return slices.Contains(h.Digests, digest) }

// about says whether the hold is about a manifest, as it is or as it was.
func (h Hold) about(manifest, digest string) bool {
	return slices.Contains(h.Manifests, manifest) || h.holds(digest)
}

// brief is why, without what a unit has logged.
func (h Hold) brief() string {
	first, _, _ := strings.Cut(h.Because, "\n")
	return strings.TrimSuffix(first, "; its last log lines:")
}

// holds is the holds that are in force, the oldest first.
func (o Options) holds() ([]Hold, error) {
	text, err := os.ReadFile(filepath.Join(o.StateDir, heldFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	var holds []Hold
	if err := json.Unmarshal(text, &holds); err != nil {
		return nil, fmt.Errorf("state directory: %s: %w: remove it to hold no manifest", heldFile, err)
	}
	return holds, nil
}

// held is the hold on a manifest of a digest, nil when there is none.
func (o Options) held(digest string) (*Hold, error) {
	holds, err := o.holds()
	for _, h := range slices.Backward(holds) {
		if h.holds(digest) {
			return &h, err
		}
	}
	return nil, err
}

// hold puts a hold in the place of those on the same manifests.
func (o Options) hold(h Hold) error {
	const most = 50
	holds, err := o.holds()
	if err != nil {
		return err
	}
	holds = slices.DeleteFunc(holds, func(other Hold) bool {
		return slices.ContainsFunc(h.Manifests, func(path string) bool { return slices.Contains(other.Manifests, path) })
	})
	return o.writeHolds(append(holds[max(0, len(holds)-most):], h))
}

// release lets go of some holds.
func (o Options) release(which func(Hold) bool) error {
	holds, err := o.holds()
	if err != nil || !slices.ContainsFunc(holds, which) {
		return err
	}
	return o.writeHolds(slices.DeleteFunc(holds, which))
}

func (o Options) writeHolds(holds []Hold) error {
	if len(holds) == 0 {
		return stateError(errors.Join(os.Remove(filepath.Join(o.StateDir, heldFile)), flushDir(o.StateDir)))
	}
	text, err := json.MarshalIndent(holds, "", "  ")
	if err != nil {
		return err
	}
	return o.write(heldFile, text, true)
}

// release lets go of the hold on the manifest that a run has come to replace, if
// there is one.
func (r *run) release() error {
	if !r.letGo {
		return nil
	}
	return r.options.release(func(h Hold) bool { return h.about(whole(r.manifest.Path), r.manifest.Digest) })
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

// recallDigests lets a machine know what an earlier run knew of the content of files,
// and keepDigests keeps it for a later one, which can do without.
func (o Options) recallDigests(m *node.Machine) {
	m.Digests().From(func() []byte {
		text, _ := os.ReadFile(filepath.Join(o.StateDir, digestsFile))
		return bytes.TrimSuffix(text, []byte("\n"))
	})
}

func (r *run) keepDigests() {
	if text, ok := r.machine.Digests().Text(); ok {
		if err := r.options.write(digestsFile, text, false); err != nil {
			r.report.note("%s: files are read again next time", err)
		}
	}
}

// sweepDocuments removes what a run that was killed may have left of a document.
func (o Options) sweepDocuments() {
	if release, err := o.lockMemory(); err == nil {
		defer release()
	}
	for _, name := range []string{reportFile, heldFile, memoryFile, thingsFile, digestsFile} {
		_ = os.Remove(filepath.Join(o.StateDir, name+".new"))
	}
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
