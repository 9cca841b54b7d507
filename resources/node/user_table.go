package node

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// A table is a file of the user database as its lines. Lines that no change
// concerns stay as they are, byte for byte.
type table struct {
	columns int
	there   bool // the file exists
	lines   []string
}

// The numbers of columns of the four files.
const (
	passwdColumns  = 7
	groupColumns   = 4
	shadowColumns  = 9
	gshadowColumns = 4
)

func newTable(text []byte, there bool, columns int) table {
	t := table{columns: columns, there: there}
	for line := range bytes.Lines(text) {
		t.lines = append(t.lines, string(line))
	}
	return t
}

func (t *table) text() []byte { return []byte(strings.Join(t.lines, "")) }

// row is the fields of a line; ok is false when the line is no record.
func (t *table) row(i int) (fields []string, ok bool) {
	return record([]byte(t.lines[i]), t.columns)
}

// find is the first record of a name, -1 when there is none.
func (t *table) find(name string) int {
	return slices.IndexFunc(t.lines, func(line string) bool {
		f, ok := record([]byte(line), t.columns)
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
		f, ok := record([]byte(line), t.columns)
		return ok && f[0] == name
	})
}

// used is the numbers in the third column.
func (t *table) used() map[int]bool {
	ids := map[int]bool{}
	for i := range t.lines {
		if f, ok := t.row(i); ok {
			if id, ok := parseID(f[2]); ok {
				ids[id] = true
			}
		}
	}
	return ids
}

// freeID is a number that none of the tables uses: for the system's own the
// highest below 1000, otherwise the one above the highest below 60000, as
// login.defs(5) has it.
func freeID(system bool, tables ...*table) string {
	used := map[int]bool{}
	for _, t := range tables {
		for id := range t.used() {
			used[id] = true
		}
	}
	if system {
		id := 999
		for ; used[id]; id-- {
		}
		return strconv.Itoa(id)
	}
	id := 60000
	for ; used[id] || id > 1000 && !used[id-1]; id-- {
	}
	return strconv.Itoa(id)
}
