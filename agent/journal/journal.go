// Package journal keeps what runs have done to a node, and the way back from it.
//
// Each run that changes something has a file of its own, NUMBER.jsonl, a JSON
// object on each line, written from top to bottom and never changed:
//
//	run      what the run is: first line
//	change   one planned change with the state it saw and the state it makes
//	begun    the number of a change that is about to be made
//	done     the number of a change that was made
//	unmade   the number of one that was begun and not made: the node had moved
//	resumed  a run that was cut short is gone on with, on another boot of the node
//	end      how the run ended: last line
//
// The file of a run that was killed has no end. A line without its line feed is
// one that was being written, and counts for nothing.
//
// Changes are on the disk before the first of them is made. That one was begun or
// done is written at once and reaches the disk when it may: after a loss of power
// the node itself tells how far the run had come. Of what was not begun by then,
// as far as is known, it is never certain again.
//
// What files held lies in contents/, once for each SHA-256, under that name. All
// is mode 0600 in directories of mode 0700. The journal holds secrets.
package journal

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// A Mode is what a run was for.
type Mode string

// The modes.
const (
	Apply    Mode = "apply"
	Rollback Mode = "rollback"
)

// A Header is what a run is.
type Header struct {
	Number   int             `json:"number"`
	Version  int             `json:"version"` // of the format: 1
	Mode     Mode            `json:"mode"`
	Manifest string          `json:"manifest,omitempty"` // its path
	Digest   string          `json:"digest,omitempty"`   // and that of all that it takes in
	Of       int             `json:"of,omitempty"`       // the run that this one takes back
	Because  string          `json:"because,omitempty"`  // why it takes it back
	Force    bool            `json:"force,omitempty"`    // it takes it back wherever the node has gone
	Atomic   bool            `json:"atomic,omitempty"`   // all or nothing
	Started  time.Time       `json:"started"`
	Boot     string          `json:"boot,omitempty"`   // the node's boot, boot_id of random(4), when it was last gone on with
	Checks   map[string]bool `json:"checks,omitempty"` // what passed before the first change
	Units    json.RawMessage `json:"units,omitempty"`  // what to do about units on the way back
}

// An End is how a run ended.
type End struct {
	Result string    `json:"result"`
	At     time.Time `json:"at"`
}

// An Entry is one change of a run.
type Entry struct {
	Number   int             `json:"number"` // from 1, in the order in which they are made
	Resource string          `json:"resource"`
	Change   json.RawMessage `json:"change"`             // as node.Encode writes it
	Shared   bool            `json:"shared,omitempty"`   // see node.Shared, of what runs had made before
	Restores bool            `json:"restores,omitempty"` // it corrects drift
	Back     bool            `json:"back,omitempty"`     // it takes back what earlier runs have made: they count no more
	Begun    bool            `json:"-"`
	Done     bool            `json:"-"`
	Perhaps  bool            `json:"-"` // not begun as far as is known, but power was lost since
}

// A line is one line of a run's file; one of its fields is set.
type line struct {
	Run     *Header `json:"run,omitempty"`
	Change  *Entry  `json:"change,omitempty"`
	Begun   int     `json:"begun,omitempty"`
	Done    int     `json:"done,omitempty"`
	Unmade  int     `json:"unmade,omitempty"`
	Resumed string  `json:"resumed,omitempty"` // the boot
	End     *End    `json:"end,omitempty"`
}

// A Journal is the journal in one directory.
type Journal struct{ dir string }

// In is the journal in a directory, which need not exist yet.
func In(dir string) *Journal { return &Journal{dir: dir} }

func (j *Journal) file(number int) string {
	return filepath.Join(j.dir, fmt.Sprintf("%06d.jsonl", number))
}

// wrap says of an error of the system that it is about the journal.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal: %w", err)
}
