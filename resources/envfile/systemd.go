package envfile

import (
	"bytes"
	"errors"
	"iter"
	"strings"
	"unicode/utf8"
)

// systemd reads text as EnvironmentFile= does (systemd.exec(5)). What the manual
// leaves out was measured on systemd 252: one assignment that is not UTF-8, or
// one NUL, loses the whole file; a name that is none loses only its own line.
//
// Up to version 253 a comment goes on in the next line after a backslash; spill
// chooses these rules.
func systemd(text []byte, spill bool) (reading, error) {
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, errors.New("it holds a NUL")
	}
	vars := reading{}
	for e := range entries(text, spill) {
		switch {
		case e.key == "":
		case !isUnicode(e.key) || !isUnicode(e.value):
			return nil, fail(e.line, "it is not UTF-8")
		case !isName(e.key):
		case len(e.key)+len(e.value) > maxAssignment:
			return nil, fail(e.line, "it is longer than the 128 KiB that Linux hands to a program")
		default:
			vars[e.key] = assignment{value: e.value, line: e.line}
		}
	}
	return vars, nil
}

// maxAssignment is what fits into the 128 KiB that execve(2) takes for one
// string, beside the = and the NUL.
const maxAssignment = 128<<10 - 2

// isUnicode reports whether systemd takes s for UTF-8: it refuses Unicode's
// noncharacters too.
func isUnicode(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r&0xFFFE == 0xFFFE || 0xFDD0 <= r && r <= 0xFDEF
	})
}

// An entry is a stretch of a file that systemd reads as one: an assignment, a
// comment, a blank line, or a line that it skips. The entries of a file, one
// after the other, are its text.
type entry struct {
	text    []byte // the line break at its end included
	line    int    // the number of its first line
	comment bool
	key     string // what stands before the =, "" when this is no assignment
	value   string // as systemd reads it
	eq      int    // where the = stands in text
}

// name is the variable that the entry sets for at least one reader: sh and
// dotenv read `export KEY=value` too, in which systemd finds no name.
func (e entry) name() string {
	if rest, ok := strings.CutPrefix(e.key, "export"); ok {
		if name := strings.TrimLeft(rest, blanks); name != rest {
			return name
		}
	}
	return e.key
}

// long reports whether the entry has more than one line.
func (e entry) long() bool {
	return bytes.ContainsAny(bytes.TrimSuffix(bytes.TrimSuffix(e.text, []byte("\n")), []byte("\r")), breaks)
}

func entries(text []byte, spill bool) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for s := (envScanner{scanner{text: text}}); !s.done(); {
			start, line := s.pos, s.line()
			e := s.entry(spill)
			e.text, e.line = text[start:s.pos:s.pos], line
			e.eq -= start
			if !yield(e) {
				return
			}
		}
	}
}

// An envScanner walks over a file by systemd's rules.
type envScanner struct{ scanner }

// ends reports whether a line ends here, and steps over its break.
func (s *envScanner) ends() bool {
	if s.done() {
		return true
	}
	switch s.text[s.pos] {
	case '\n':
		s.pos++
		return true
	case '\r':
		s.pos++
		if s.in("\n") {
			s.pos++
		}
		return true
	}
	return false
}

func (s *envScanner) entry(spill bool) entry {
	s.skip(blanks)
	if s.ends() {
		return entry{}
	}
	if s.in("#;") {
		s.skipComment(spill)
		return entry{comment: true}
	}
	start := s.pos
	s.pos++ // a = that stands first belongs to the name
	for !s.in("=") {
		if s.ends() {
			return entry{}
		}
		s.pos++
	}
	key, eq := strings.TrimRight(string(s.text[start:s.pos]), blanks), s.pos
	s.pos++
	return entry{key: key, eq: eq, value: s.value()}
}

func (s *envScanner) skipComment(spill bool) {
	for s.skipTo(breaks + `\`); !s.ends(); s.skipTo(breaks + `\`) {
		if s.pos++; spill || !s.in(breaks) {
			s.next()
		}
	}
}

// value reads quoted stretches, dropping the blanks between them, until a
// character makes the rest of the line an unquoted one. In that, quotes mean
// nothing.
func (s *envScanner) value() string {
	var value []byte
	for !s.ends() {
		switch {
		case s.in("'"):
			s.pos++
			quoted, _ := s.upTo('\'')
			value = append(value, quoted...)
		case s.in(`"`):
			s.pos++
			value = s.doubleQuoted(value)
		case s.in(blanks):
			s.pos++
		default:
			return string(s.unquoted(value))
		}
	}
	return string(value)
}

func (s *envScanner) doubleQuoted(value []byte) []byte {
	for !s.done() {
		switch c := s.next(); {
		case c == '"':
			return value
		case c != '\\':
			value = append(value, c)
		case s.in("\"\\`$"):
			value = append(value, s.next())
		case s.in("\n"):
			s.pos++
		case !s.done():
			value = append(value, c, s.next())
		}
	}
	return value
}

func (s *envScanner) unquoted(value []byte) []byte {
	kept := len(value) // blanks at the end go, unless a backslash stands before them
	for !s.ends() {
		blank := s.in(blanks)
		switch c := s.next(); {
		case c != '\\':
			value = append(value, c)
		case s.in(breaks):
			s.pos++
		case !s.done():
			value = append(value, s.next())
		}
		if !blank {
			kept = len(value)
		}
	}
	return value[:kept]
}
