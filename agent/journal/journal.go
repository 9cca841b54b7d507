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
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
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
	Change   json.RawMessage `json:"change"` // as node.Encode writes it
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

// A Writer writes one run.
type Writer struct {
	journal *Journal
	file    *os.File
	entries int
	Number  int
}

// Begin opens the file of a new run, which gets the next number.
func (j *Journal) Begin(h Header) (*Writer, error) {
	if err := j.make(); err != nil {
		return nil, err
	}
	numbers, err := j.numbers()
	if err != nil {
		return nil, err
	}
	h.Number, h.Version = 1, 1
	if n := len(numbers); n > 0 {
		h.Number = numbers[n-1] + 1
	}
	file, err := os.OpenFile(j.file(h.Number), os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, wrap(err)
	}
	w := &Writer{journal: j, file: file, Number: h.Number}
	if err := errors.Join(w.write(line{Run: &h}), w.sync()); err != nil {
		file.Close()
		os.Remove(j.file(h.Number))
		return nil, err
	}
	return w, nil
}

// Resume opens the file of a run that was cut short, to go on with it on a boot of
// the node; "" when that is not known.
func (j *Journal) Resume(r *Run, boot string) (*Writer, error) {
	file, err := os.OpenFile(j.file(r.Number), os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, wrap(err)
	}
	if err := file.Truncate(r.length); err != nil {
		file.Close()
		return nil, wrap(err)
	}
	w := &Writer{journal: j, file: file, Number: r.Number, entries: len(r.Entries)}
	if boot == "" || boot == r.Boot {
		return w, nil
	}
	if err := w.write(line{Resumed: boot}); err != nil {
		file.Close()
		return nil, err
	}
	return w, nil
}

// Plan records changes that are about to be made, each for a resource, and
// returns the numbers that they get. When it returns, they and all contents that
// they refer to are on the disk.
func (w *Writer) Plan(resources []string, changes []node.Change) (numbers []int, err error) {
	var text strings.Builder
	var contents []*node.Content
	for i, c := range changes {
		raw, refers, err := node.Encode(c)
		if err != nil {
			return nil, fmt.Errorf("journal: %s: %w", c.Line(), err)
		}
		contents = append(contents, refers...)
		numbers = append(numbers, w.entries+i+1)
		if err := encode(&text, line{Change: &Entry{Number: w.entries + i + 1, Resource: resources[i], Change: raw}}); err != nil {
			return nil, err
		}
	}
	if err := w.journal.keep(contents); err != nil {
		return nil, err
	}
	if err := w.append(text.String()); err != nil {
		return nil, err
	}
	w.entries += len(changes)
	return numbers, w.sync()
}

// Begun records that a change is about to be made.
func (w *Writer) Begun(number int) error { return w.write(line{Begun: number}) }

// Done records that a change was made.
func (w *Writer) Done(number int) error { return w.write(line{Done: number}) }

// Unmade records that a change that was begun was not made, and that the node is
// as if it had not been begun.
func (w *Writer) Unmade(number int) error { return w.write(line{Unmade: number}) }

// End records how the run ended, on the disk.
func (w *Writer) End(result string) error {
	return errors.Join(w.write(line{End: &End{Result: result, At: time.Now().UTC()}}), w.sync())
}

// Close lets go of the file. A run without an end is one that was cut short.
func (w *Writer) Close() error { return w.file.Close() }

func (w *Writer) write(l line) error {
	var text strings.Builder
	if err := encode(&text, l); err != nil {
		return err
	}
	return w.append(text.String())
}

func encode(to io.Writer, l line) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(l)
}

// append adds whole lines, or nothing.
func (w *Writer) append(text string) error {
	info, err := w.file.Stat()
	if err != nil {
		return wrap(err)
	}
	if _, err := w.file.WriteString(text); err != nil {
		_ = w.file.Truncate(info.Size())
		return wrap(err)
	}
	return nil
}

func (w *Writer) sync() error {
	return errors.Join(wrap(w.file.Sync()), syncDir(w.journal.dir))
}

// wrap says of an error of the system that it is about the journal.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal: %w", err)
}
