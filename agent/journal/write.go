package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

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

// Plan records changes that are about to be made, each for a resource and some of
// what others share, and returns the numbers that they get. When it returns, they and all contents that
// they refer to are on the disk.
func (w *Writer) Plan(entries []Entry, changes []node.Change) (numbers []int, err error) {
	var text strings.Builder
	var contents []*node.Content
	for i, c := range changes {
		raw, refers, err := node.Encode(c)
		if err != nil {
			return nil, fmt.Errorf("journal: %s: %w", c.Line(), err)
		}
		contents = append(contents, refers...)
		numbers = append(numbers, w.entries+i+1)
		e := entries[i]
		e.Number, e.Change = w.entries+i+1, raw
		if err := encode(&text, line{Change: &e}); err != nil {
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
