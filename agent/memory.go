package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A memory is what is remembered of the runs on a node. It lies in the state
// directory, in two documents: a small one that every run writes, and one with a
// thing for each resource that is written when something about them has changed.
// Nothing that a run does to the node depends on it, but that it leaves alone what
// somebody fights for, and what --prune takes back: a memory that is lost costs no
// more than knowing drift from intention once.
type memory struct {
	Version   int                        `json:"version"` // of these documents: 1
	Manifests map[string]*manifestMemory `json:"manifests"`
	Runs      map[Mode]RunStatus         `json:"runs"`
	Checks    map[string]CheckStatus     `json:"checks"`
	Outage    *LastOutage                `json:"outage,omitempty"`
	Counters  Counters                   `json:"counters"`
	Length    int                        `json:"length"` // of the other document

	options Options
	things  map[string]*thing // by id; nil while they are not read
	lost    []string          // what could not be read, and so begins anew
	file    fs.FileInfo       // what was read, nil when there was nothing
}

// A manifestMemory is what is remembered of a manifest.
type manifestMemory struct {
	Digest  string    `json:"digest"`
	Applied string    `json:"applied,omitempty"` // its digest when it was last applied
	Ran     time.Time `json:"ran"`
	Settled bool      `json:"settled"` // all its resources are known to be as that digest has them
}

// A thing is what is remembered of a resource.
type thing struct {
	Manifest string `json:"manifest"` // whose it is
	// Also is the other manifests that have it, each with the digest of the declaration
	// that was last converged for it.
	Also      map[string]string `json:"also,omitempty"`
	Gone      bool              `json:"gone,omitempty"`     // it is declared absent: when it leaves, nothing is left of it
	Declared  string            `json:"declared,omitempty"` // digest of the declaration that was last converged
	State     ResourceState     `json:"state"`
	Since     *time.Time        `json:"since,omitempty"`     // of its state, where that is no good one
	Drifted   *time.Time        `json:"drifted,omitempty"`   // it has differed since, because of drift
	Corrected []time.Time       `json:"corrected,omitempty"` // when drift of it was corrected of late
	Fought    string            `json:"fought,omitempty"`    // digest of the manifest under which somebody fights for it
	Why       string            `json:"why,omitempty"`
	Stale     []node.Stale      `json:"stale,omitempty"` // of the run of a unit
}

const (
	memoryFile = "memory.json"
	thingsFile = "resources.json"
)

// newMemory is that of a node on which nothing was done yet.
func newMemory(o Options) *memory {
	return &memory{
		Version: 1, Manifests: map[string]*manifestMemory{}, Runs: map[Mode]RunStatus{}, Checks: map[string]CheckStatus{},
		Counters: Counters{Runs: map[Mode]map[Result]int{}, Changes: map[string]map[Cause]int{}, Rollbacks: map[RollbackOutcome]int{}},
		options:  o,
	}
}

// recall reads what is remembered. What cannot be read for its content is
// forgotten, and said to be.
func (o Options) recall() (*memory, error) {
	m := newMemory(o)
	m.file, _ = os.Stat(filepath.Join(o.StateDir, memoryFile))
	err := m.read(memoryFile, m)
	if len(m.lost) == 0 && !m.whole() {
		m.lost = []string{filepath.Join(o.StateDir, memoryFile) + " is not whole, and begins anew"}
	}
	if len(m.lost) > 0 {
		fresh := newMemory(o)
		fresh.lost = m.lost
		m = fresh
	}
	return m, err
}

// whole says whether a document that was read has all its parts.
func (m *memory) whole() bool {
	for _, one := range m.Manifests {
		if one == nil {
			return false
		}
	}
	return m.Version == 1 && m.Manifests != nil && m.Runs != nil && m.Checks != nil &&
		m.Counters.Runs != nil && m.Counters.Changes != nil && m.Counters.Rollbacks != nil
}

// all is the things, which are read when they are first needed.
func (m *memory) all() (map[string]*thing, error) {
	if m.things == nil {
		things := map[string]*thing{}
		lost := len(m.lost)
		if err := m.read(thingsFile, &things); err != nil {
			return nil, err
		}
		if len(m.lost) > lost || things == nil {
			things = map[string]*thing{}
		}
		maps.DeleteFunc(things, func(_ string, t *thing) bool { return t == nil })
		m.things = things
	}
	return m.things, nil
}

func (m *memory) read(name string, into any) error {
	text, err := os.ReadFile(filepath.Join(m.options.StateDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return stateError(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		m.lost = append(m.lost, fmt.Sprintf("%s cannot be read, and begins anew: %s", filepath.Join(m.options.StateDir, name), err))
	}
	return nil
}

// manifest is what is remembered of a manifest, from now on.
func (m *memory) manifest(path string) *manifestMemory {
	one := m.Manifests[path]
	if one == nil {
		one = &manifestMemory{}
		m.Manifests[path] = one
	}
	return one
}

// settled says whether nothing is to be known of a manifest's resources but that
// all of them were as it has them.
func (m *memory) settled(path, digest string) bool {
	one := m.Manifests[path]
	if one == nil || !one.Settled || one.Digest != digest {
		return false
	}
	info, err := os.Stat(filepath.Join(m.options.StateDir, thingsFile))
	return err == nil && info.Size() == int64(m.Length)
}

// current says whether nothing was remembered since this was read: each time, there
// is another file.
func (m *memory) current() bool {
	if m == nil || m.file == nil || len(m.lost) > 0 {
		return false
	}
	now, err := os.Stat(filepath.Join(m.options.StateDir, memoryFile))
	return err == nil && os.SameFile(m.file, now) && m.file.ModTime().Equal(now.ModTime()) && m.file.Size() == now.Size()
}

// update changes what is remembered, as it was read before if that is so still. Runs
// that change the node are one at a time, but plans and runs that were locked out are
// remembered, too.
func (o Options) update(known *memory, change func(*memory) error) error {
	release, err := o.lockMemory()
	if err != nil {
		return err
	}
	defer release()
	m := known
	if !known.current() {
		m, err = o.recall()
	}
	if err == nil {
		err = change(m)
	}
	if err == nil {
		err = m.write()
	}
	return err
}

// write writes the documents, the things only if they were needed. A run that
// finds nothing to do should cost next to nothing, so only those are flushed.
func (m *memory) write() error {
	if m.things != nil {
		text, err := json.Marshal(m.things)
		if err == nil {
			m.Length = len(text) + len("\n")
			err = m.options.write(thingsFile, text, true)
		}
		if err != nil {
			return err
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return m.options.write(memoryFile, text, m.things != nil)
}
