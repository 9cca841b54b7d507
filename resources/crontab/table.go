// Package crontab edits a user's own table of jobs, as Debian's cron(8) reads
// it and crontab(1) installs it. It knows texts, not files.
//
// A job that has a name here stands between two comments:
//
//	# BEGIN mnw-agent job backup-db
//	0 3 * * * /opt/mnw/backup-db.sh
//	# END mnw-agent job backup-db
//
// What stands between such comments is ours. Every other line is foreign: it
// survives byte for byte, in its order, unless a job replaces it. The closing
// comment is what tells a line that somebody edited, which is put right, from
// one that somebody deleted, where the line below is another's job.
//
// An environment setting holds for all jobs below it. So when the table has
// settings of ours, they and our jobs are its last lines, where no foreign job
// is below them. Without such settings a job stays where it is found.
package crontab

import (
	"slices"
	"strings"
)

// A Table is the text of a crontab, taken apart. Its methods that change it
// leave one that cron can read: the last line ends in a newline, or cron would
// ignore the whole table, and comments of ours that have lost their other half
// are gone.
type Table struct{ parts []part }

// A part is one foreign line, or a block: all lines from a comment of ours that
// begins something to the one that ends it. Its line ends are in its text.
type part struct {
	key  string // what a block holds: envKey, or jobKey of a name; "" is foreign
	text string
}

const envKey = "env"

func jobKey(name string) string { return "job " + name }

// Parse reads the text of a table as it is in the spool, without the three
// lines that crontab(1) puts above it. Any text is a table.
func Parse(text []byte) *Table {
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	t := new(Table)
	for len(lines) > 0 {
		key, n := firstPart(lines)
		t.parts = append(t.parts, part{key, strings.Join(lines[:n], "")})
		lines = lines[n:]
	}
	return t
}

// firstPart says how many lines the part has that the lines begin with. A
// block ends where its key ends, with no other comment of ours in between.
func firstPart(lines []string) (key string, n int) {
	begins, ok := strings.CutPrefix(marker(lines[0]), "BEGIN ")
	if !ok {
		return "", 1
	}
	for i, line := range lines[1:] {
		if m := marker(line); m == "END "+begins {
			return begins, i + 2
		} else if m != "" {
			break
		}
	}
	return "", 1
}

// marker is what a comment of ours says, such as "BEGIN job backup-db", and
// empty for any other line.
func marker(line string) string {
	words := strings.Fields(line)
	if len(words) < 4 || words[0] != "#" || words[2] != "mnw-agent" || words[1] != "BEGIN" && words[1] != "END" {
		return ""
	}
	key := strings.Join(words[3:], " ")
	if key == envKey || len(words) == 5 && words[3] == "job" && CheckName(words[4]) == nil {
		return words[1] + " " + key
	}
	return ""
}

// block is a part that holds the lines of body, each with its newline.
func block(key, body string) part {
	return part{key, "# BEGIN mnw-agent " + key + "\n" + body + "# END mnw-agent " + key + "\n"}
}

// body is what stands between the comments of a block, and a foreign line whole.
func (p part) body() string {
	if p.key == "" {
		return p.text
	}
	first := strings.IndexByte(p.text, '\n') + 1
	last := strings.LastIndexByte(strings.TrimSuffix(p.text, "\n"), '\n') + 1
	return p.text[first:last]
}

// Bytes is the text of the table; the one that was parsed, until it is changed.
func (t *Table) Bytes() []byte {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.text)
	}
	return []byte(b.String())
}

// Remove takes a job out of the table, its line and the comments around it, and
// the foreign lines that it replaces.
func (t *Table) Remove(name string, replaces ...string) {
	claimed := claims(readEntries(replaces))
	t.drop(func(p part) bool { return p.key == jobKey(name) || claimed(p) })
}

// Keep takes out of the table whatever is neither one of these jobs nor a
// setting that SetEnv made: foreign jobs, settings and comments too.
func (t *Table) Keep(names ...string) {
	t.drop(func(p part) bool {
		return p.key != envKey && !slices.ContainsFunc(names, func(name string) bool { return p.key == jobKey(name) })
	})
}

func (t *Table) drop(goes func(part) bool) {
	before := len(t.parts)
	t.parts = slices.DeleteFunc(t.parts, goes)
	if len(t.parts) < before {
		t.settle()
	}
}

// put makes p the only part with its key, in the place of the part at index at,
// or as a new last one when at is negative, and takes out the parts that it
// stands in for.
func (t *Table) put(at int, p part, standsInFor func(part) bool) {
	t.endLastLine()
	if at < 0 {
		at = len(t.parts)
		t.parts = append(t.parts, p)
	}
	var parts []part
	for i, old := range t.parts {
		if i == at {
			parts = append(parts, p)
		} else if old.key != p.key && !standsInFor(old) {
			parts = append(parts, old)
		}
	}
	t.parts = parts
	t.settle()
}

// settle makes a table that was changed one that cron can read.
func (t *Table) settle() {
	t.endLastLine()
	t.parts = slices.DeleteFunc(t.parts, func(p part) bool { return p.key == "" && marker(p.text) != "" })
	if t.find(envKey) >= 0 {
		slices.SortStableFunc(t.parts, func(a, b part) int { return a.rank() - b.rank() })
	}
}

// rank is the order of parts in a table with settings of ours.
func (p part) rank() int {
	switch p.key {
	case "":
		return 0
	case envKey:
		return 1
	}
	return 2
}

func (t *Table) endLastLine() {
	if n := len(t.parts); n > 0 && !strings.HasSuffix(t.parts[n-1].text, "\n") {
		t.parts[n-1].text += "\n"
	}
}

// find is the index of the part with that key, or -1.
func (t *Table) find(key string) int {
	return slices.IndexFunc(t.parts, func(p part) bool { return p.key == key })
}
