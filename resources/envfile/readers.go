package envfile

import (
	"fmt"
	"maps"
	"slices"
)

// A reading is what one reader makes of a file: its variables.
type reading map[string]assignment

// An assignment is the one that counts for a variable, the last.
type assignment struct {
	value  string
	line   int
	refers bool // the value is made of those of other variables
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

// disturbed is an error when somebody who can read a file before an edit of key
// reads something else after it, beside that key and what is made of it.
func disturbed(before, after []look, key string) error {
	for i, was := range before {
		is := after[i]
		switch {
		case was.err != nil:
			continue
		case is.err != nil:
			return fmt.Errorf("%s could then read the file no more: %w", was.name, is.err)
		}
		for _, other := range slices.Sorted(maps.Keys(was.vars)) {
			old, now := was.vars[other], is.vars[other]
			if other != key && !old.refers && (now.line == 0 || now.value != old.value) {
				return fmt.Errorf("%s would then read another value for %s, which is in line %d now; repair that line by hand", was.name, other, old.line)
			}
		}
		for _, other := range slices.Sorted(maps.Keys(is.vars)) {
			if _, known := was.vars[other]; other != key && !known {
				return fmt.Errorf("%s would then find %s, which is a part of something else to it now; repair the file by hand", was.name, other)
			}
		}
	}
	return nil
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
