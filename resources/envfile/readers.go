package envfile

import (
	"fmt"
	"slices"
)

// A reading is what one reader makes of a file: its variables.
type reading map[string]assignment

// An assignment is the one that counts for a variable, the last.
type assignment struct {
	value string
	line  int
}

// unclear is a value that only the real reader could tell, such as that of
// A=$HOME. No value holds a NUL, so it equals none.
const unclear = "\x00"

// A reader is a model of a real one. Where it would have to guess it fails, and
// reads nothing.
type reader struct {
	name string
	read func(text []byte) (reading, error)
}

// readers are those who must agree about what is written.
var readers = []reader{
	{"systemd", func(text []byte) (reading, error) { return systemd(text, true) }},
	{"systemd since 254", func(text []byte) (reading, error) { return systemd(text, false) }},
	{"dotenv", dotenv},
	{"sh", sh},
}

// A look is what one reader makes of one text.
type look struct {
	reader
	vars reading
	err  error
}

func readAll(text []byte) []look {
	var looks []look
	for _, r := range readers {
		vars, err := r.read(text)
		looks = append(looks, look{r, vars, err})
	}
	return looks
}

// misses returns the first look that does not find value for key.
func misses(looks []look, key, value string) (look, bool) {
	i := slices.IndexFunc(looks, func(l look) bool {
		got, ok := l.vars[key]
		return !ok || got.value != value
	})
	if i < 0 {
		return look{}, false
	}
	return looks[i], true
}

// reason tells why the reader misses the value that the line at an offset of
// text gives to key.
func (l look) reason(text []byte, at int, key string) error {
	err := l.err
	if _, before := l.read(text[:at]); before != nil {
		err = before // something above the line is still open there
	}
	got, ok := l.vars[key]
	switch {
	case err != nil:
		return fmt.Errorf("%s cannot read the file: %w", l.name, err)
	case ok:
		return fmt.Errorf("%s would take another value from line %d", l.name, got.line)
	}
	line := 1
	for e := range entries(text[:at], true) {
		line = e.line
	}
	return fmt.Errorf("%s would take it for a part of what begins in line %d", l.name, line)
}

// isName reports whether s can name a variable, for systemd and sh.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || 'z' < c|0x20) && (i == 0 || c < '0' || '9' < c) {
			return false
		}
	}
	return s != ""
}
