package envfile

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	blanks = " \t"
	breaks = "\n\r" // for systemd each of the two ends a line
)

// A scanner walks over a text, forwards only.
type scanner struct {
	text []byte
	pos  int

	counted, lines int
}

// line is the number of the line at pos.
func (s *scanner) line() int {
	s.lines += bytes.Count(s.text[s.counted:s.pos], []byte("\n"))
	s.counted = s.pos
	return s.lines + 1
}

// done reports whether nothing is left.
func (s *scanner) done() bool { return s.pos == len(s.text) }

// in reports whether the byte at pos is one of set.
func (s *scanner) in(set string) bool {
	return !s.done() && strings.IndexByte(set, s.text[s.pos]) >= 0
}

// next returns the byte at pos and steps over it, 0 at the end.
func (s *scanner) next() byte {
	if s.done() {
		return 0
	}
	s.pos++
	return s.text[s.pos-1]
}

// skip steps over all bytes that are in set.
func (s *scanner) skip(set string) {
	for s.in(set) {
		s.pos++
	}
}

// skipTo steps over all bytes that are not in set.
func (s *scanner) skipTo(set string) {
	if i := bytes.IndexAny(s.text[s.pos:], set); i >= 0 {
		s.pos += i
		return
	}
	s.pos = len(s.text)
}

// upTo returns what stands before the next end, and steps over both. Without
// an end it returns all that is left, and false.
func (s *scanner) upTo(end byte) ([]byte, bool) {
	before, _, found := bytes.Cut(s.text[s.pos:], []byte{end})
	s.pos += len(before)
	if found {
		s.pos++
	}
	return before, found
}

// fail is an error at a line.
func fail(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: %w", line, fmt.Errorf(format, args...))
}
