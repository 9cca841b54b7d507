package test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// differs holds what an apply has changed against the section after, which has
// a line for each path that came, went or differs, with the content of files:
//
//	file 0640 root:www-data /etc/site.env
//	    PORT=3000
//	directory 0755 root:root /srv/site
//	symlink root:root /srv/www -> /srv/site
//	absent /srv/old
//
// Of the user database, lines that came (+) or went (-) are shown, and of a
// crontab its content without the lines that crontab(1) puts above it.
func (tr *trial) differs(before, after boot.Snapshot) {
	tr.Helper()
	all := maps.Clone(before)
	maps.Copy(all, after)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, is := before[name], after[name]
		was.Mtime, was.Ctime = is.Mtime, is.Ctime
		if was != is {
			text.WriteString(tr.describe(name, is))
		}
	}
	tr.expects("after", text.String())
}

// describe tells what is at a path after an apply; nothing of what has an age
// or a number of its own.
func (tr *trial) describe(name string, e boot.Entry) string {
	switch {
	case name == "/etc/shadow", name == "/etc/gshadow", name == filepath.Clean(spool):
		return ""
	case e == boot.Entry{}:
		return "absent " + name + "\n"
	case name == "/etc/passwd", name == "/etc/group":
		return name + "\n" + tr.lines(name)
	case strings.HasPrefix(name, spool):
		return "crontab of " + strings.TrimPrefix(name, spool) + "\n" + indented(withoutHeader(tr.read(name)))
	}
	owner := tr.named("passwd", e.UID) + ":" + tr.named("group", e.GID)
	switch e.Mode.Type() {
	case fs.ModeDir:
		return fmt.Sprintf("directory %s %s %s\n", octal(e.Mode), owner, name)
	case fs.ModeSymlink:
		return fmt.Sprintf("symlink %s %s -> %s\n", owner, name, e.Target)
	}
	return fmt.Sprintf("file %s %s %s\n", octal(e.Mode), owner, name) + indented(tr.read(name))
}

func octal(m fs.FileMode) string {
	bits := uint32(m.Perm())
	for bit, digit := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&bit != 0 {
			bits |= digit
		}
	}
	return fmt.Sprintf("%04o", bits)
}

func (tr *trial) read(name string) []byte {
	tr.Helper()
	text, err := os.ReadFile(filepath.Join(tr.root, name))
	if err != nil {
		tr.Fatal(err)
	}
	return text
}

// indented shows a content line by line, exactly.
func indented(content []byte) string {
	var text strings.Builder
	for line := range bytes.Lines(content) {
		shown := strings.ReplaceAll(strings.TrimSuffix(string(line), "\n"), "\r", `\r`)
		if shown != "" {
			shown = "    " + shown
		}
		text.WriteString(shown + "\n")
		if !bytes.HasSuffix(line, []byte("\n")) {
			text.WriteString("    \\ no newline at the end\n")
		}
	}
	return text.String()
}

// lines tells which lines of a table came and went.
func (tr *trial) lines(name string) string {
	was, is := strings.Split(tr.tables[name], "\n"), strings.Split(string(tr.read(name)), "\n")
	var text strings.Builder
	for _, line := range without(was, is) {
		fmt.Fprintf(&text, "    - %s\n", line)
	}
	for _, line := range without(is, was) {
		fmt.Fprintf(&text, "    + %s\n", line)
	}
	return text.String()
}

func without(lines, other []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(other, line) })
}

// withoutHeader is a table of the spool as crontab -l shows it.
func withoutHeader(table []byte) []byte {
	return table[len(cronHeader.Find(table)):]
}

var cronHeader = regexp.MustCompile(`\A# DO NOT EDIT .*\n# \(.*\n# \(.*\n`)

// named is the name of an id in passwd or group.
func (tr *trial) named(table string, id uint32) string {
	for line := range strings.Lines(string(tr.read("/etc/" + table))) {
		if fields := strings.Split(line, ":"); len(fields) > 2 && fields[2] == fmt.Sprint(id) {
			return fields[0]
		}
	}
	return fmt.Sprint(id)
}
