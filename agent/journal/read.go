package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Run is what the journal knows of one run.
type Run struct {
	Header
	Entries []Entry
	End     *End  // nil: it was cut short, or is under way
	Damaged error // of Runs: why nothing but the number is known

	length int64 // of the lines that are whole
	store  *Journal
}

// Change is a run's change as it was planned.
func (r *Run) Change(e Entry) (node.Change, error) {
	c, err := node.Decode(e.Change, r.store)
	if err != nil {
		return nil, fmt.Errorf("run %d, change %d (%s): %w", r.Number, e.Number, e.Resource, err)
	}
	return c, nil
}

// ErrNoRun says that there is no run of a number.
var ErrNoRun = errors.New("no such run in the journal")

// Read reads the run of a number.
func (j *Journal) Read(number int) (*Run, error) {
	text, err := os.ReadFile(j.file(number))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run %d: %w", number, ErrNoRun)
	}
	if err != nil {
		return nil, wrap(err)
	}
	run, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("journal: %s: %w: move it away to go on without it", j.file(number), err)
	}
	if run.Number != number {
		return nil, fmt.Errorf("journal: %s: it is the file of run %d", j.file(number), run.Number)
	}
	run.store = j
	return run, nil
}

// Parse reads the text of a run's file.
func Parse(text []byte) (*Run, error) {
	run := &Run{}
	for at := 1; ; at++ {
		end := bytes.IndexByte(text[run.length:], '\n')
		if end < 0 {
			break
		}
		one := text[run.length : run.length+int64(end)]
		run.length += int64(end) + 1
		if err := run.take(one, at); err != nil {
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
	}
	if run.Number == 0 {
		return nil, errNothing
	}
	return run, nil
}

func (r *Run) take(text []byte, at int) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	entry := func(n int) (*Entry, error) {
		if n < 1 || n > len(r.Entries) {
			return nil, fmt.Errorf("there is no change %d", n)
		}
		return &r.Entries[n-1], nil
	}
	switch {
	case (at == 1) != (l.Run != nil):
		return errors.New("the first line, and no other, says what the run is")
	case l.Run != nil && (l.Run.Version != 1 || l.Run.Number < 1):
		return fmt.Errorf("it is of version %d: this program reads version 1", l.Run.Version)
	case l.Run != nil:
		r.Header = *l.Run
	case l.Change != nil && l.Change.Number != len(r.Entries)+1:
		return fmt.Errorf("change %d comes after change %d", l.Change.Number, len(r.Entries))
	case l.Change != nil:
		r.Entries = append(r.Entries, *l.Change)
	case l.Begun != 0, l.Done != 0, l.Unmade != 0:
		e, err := entry(max(l.Begun, l.Done, l.Unmade))
		if err != nil {
			return err
		}
		e.Begun, e.Done, e.Perhaps = l.Unmade == 0, l.Done != 0, false
	case l.Resumed != "":
		r.resumed(l.Resumed)
	case l.End != nil:
		r.End = l.End
	}
	return nil
}

// resumed notes that the run went on after the power was lost, and with it, maybe,
// what had been said of its changes.
func (r *Run) resumed(boot string) {
	r.Boot = boot
	for i := range r.Entries {
		r.Entries[i].Perhaps = !r.Entries[i].Begun
	}
}

// numbers is the runs that there are, the oldest first.
func (j *Journal) numbers() ([]int, error) {
	names, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap(err)
	}
	var numbers []int
	for _, entry := range names {
		digits, ok := strings.CutSuffix(entry.Name(), ".jsonl")
		if n, err := strconv.Atoi(digits); ok && err == nil && n > 0 && filepath.Base(j.file(n)) == entry.Name() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Runs is all runs, the newest first. One that cannot be read hides no other.
func (j *Journal) Runs() ([]*Run, error) {
	numbers, err := j.numbers()
	if err != nil {
		return nil, err
	}
	var runs []*Run
	for _, n := range slices.Backward(numbers) {
		run, err := j.Read(n)
		if errors.Is(err, errNothing) || errors.Is(err, ErrNoRun) { // killed at once, or forgotten meanwhile
			continue
		}
		if err != nil {
			run = &Run{Header: Header{Number: n}, Damaged: err}
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Open is the newest run if it was cut short, nil otherwise. It looks at the end
// of one file only.
func (j *Journal) Open() (*Run, error) {
	numbers, err := j.numbers()
	if err != nil {
		return nil, err
	}
	for _, n := range slices.Backward(numbers) {
		if over, err := ended(j.file(n)); over || err != nil {
			return nil, wrap(err)
		}
		if run, err := j.Read(n); !errors.Is(err, errNothing) {
			return run, err
		}
	}
	return nil, nil
}

// errNothing says that a run was killed before it had done anything.
var errNothing = errors.New("it is empty")

// ended says whether the last line of a run's file is its end.
func ended(name string) (bool, error) {
	const last = 4 << 10 // more than an end is long
	file, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	text := make([]byte, min(size, last))
	if _, err := file.ReadAt(text, size-int64(len(text))); err != nil {
		return false, err
	}
	whole := bytes.TrimSuffix(text, []byte("\n"))
	if len(whole) == len(text) {
		return false, nil
	}
	var l line
	err = json.Unmarshal(whole[bytes.LastIndexByte(whole, '\n')+1:], &l)
	return err == nil && l.End != nil, nil
}
