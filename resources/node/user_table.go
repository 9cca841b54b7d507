package node

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A table is a file of the user database as its lines. Lines that no change
// concerns stay as they are, byte for byte.
type table struct {
	columns columns
	there   bool // the file exists
	lines   []string
}

// Columns are how many a file has, and which of them are numbers. A line in
// which such a one is none is no record: getpwnam(3) passes over it as well.
type columns struct {
	count   int
	numbers []int
}

// The columns of the four files.
var (
	passwdColumns  = columns{7, []int{2, 3}}
	groupColumns   = columns{4, []int{2}}
	shadowColumns  = columns{count: 9}
	gshadowColumns = columns{count: 4}
)

// record is the fields of a line of the user database; ok is false for a line
// that is of another kind.
func (c columns) record(line []byte) (f []string, ok bool) {
	if len(line) == 0 || bytes.IndexByte([]byte(" \t:#+-\r\n"), line[0]) >= 0 {
		return nil, false
	}
	f = strings.Split(strings.TrimSuffix(string(line), "\n"), ":")
	if len(f) != c.count {
		return nil, false
	}
	for _, at := range c.numbers {
		if _, ok := parseID(f[at]); !ok {
			return nil, false
		}
	}
	return f, true
}

func newTable(text []byte, there bool, columns columns) table {
	t := table{columns: columns, there: there}
	for line := range bytes.Lines(text) {
		t.lines = append(t.lines, string(line))
	}
	return t
}

func (t *table) text() []byte { return []byte(strings.Join(t.lines, "")) }

// row is the fields of a line; ok is false when the line is no record.
func (t *table) row(i int) (fields []string, ok bool) {
	return t.columns.record([]byte(t.lines[i]))
}

// find is the first record of a name, -1 when there is none.
func (t *table) find(name string) int {
	return slices.IndexFunc(t.lines, func(line string) bool {
		f, ok := t.columns.record([]byte(line))
		return ok && f[0] == name
	})
}

// get is the fields of the record of a name, nil when there is none.
func (t *table) get(name string) []string {
	if i := t.find(name); i >= 0 {
		f, _ := t.row(i)
		return f
	}
	return nil
}

// put replaces the record of the name in the first field, or adds one: at the
// end, but above the lines that pull in the users of NIS.
func (t *table) put(fields ...string) {
	line := strings.Join(fields, ":") + "\n"
	if i := t.find(fields[0]); i >= 0 {
		t.lines[i] = line
		return
	}
	at := slices.IndexFunc(t.lines, func(line string) bool { return line[0] == '+' || line[0] == '-' })
	if at < 0 {
		at = len(t.lines)
	}
	if at > 0 && !strings.HasSuffix(t.lines[at-1], "\n") {
		t.lines[at-1] += "\n"
	}
	t.lines = slices.Insert(t.lines, at, line)
}

// drop removes all records of a name.
func (t *table) drop(name string) {
	t.lines = slices.DeleteFunc(t.lines, func(line string) bool {
		f, ok := t.columns.record([]byte(line))
		return ok && f[0] == name
	})
}

// each hands every record to an edit, which says whether it has changed it.
func (t *table) each(edit func(row []string) bool) {
	for i, line := range t.lines {
		if row, ok := t.row(i); ok && edit(row) {
			end := line[len(strings.TrimSuffix(line, "\n")):]
			t.lines[i] = strings.Join(row, ":") + end
		}
	}
}

// used is the numbers in the third column.
func (t *table) used() map[int]bool {
	ids := map[int]bool{}
	for i := range t.lines {
		if f, ok := t.row(i); ok {
			id, _ := parseID(f[2])
			ids[id] = true
		}
	}
	return ids
}

// freeID is a number that none of the tables uses: for the system's own the
// highest below 1000, otherwise the one above the highest below 60000, as
// login.defs(5) has it. The numbers below 100 are given by Debian alone.
func freeID(system bool, tables ...*table) (string, error) {
	used := map[int]bool{}
	for _, t := range tables {
		for id := range t.used() {
			used[id] = true
		}
	}
	id, lowest := 60000, 1000
	if system {
		id, lowest = 999, 100
	}
	for ; id >= lowest; id-- {
		if !used[id] && (system || id == lowest || used[id-1]) {
			return strconv.Itoa(id), nil
		}
	}
	return "", fmt.Errorf("no number is free from %d on: declare one", lowest)
}
