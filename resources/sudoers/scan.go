package sudoers

import "strings"

// A scanner goes through a text as sudo's own does, for which a backslash at the
// end of a line is a blank.
type scanner struct {
	text string
	at   int
}

const blanks = " \t"

// rest is what is still to be read.
func (s *scanner) rest() string { return s.text[s.at:] }

// peek is the next byte; 0 at the end of the text.
func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// continued is the length of a line continuation at the start of a text, 0 when
// there is none.
func continued(text string) int {
	for _, c := range []string{"\\\n", "\\\r\n"} {
		if strings.HasPrefix(text, c) {
			return len(c)
		}
	}
	return 0
}

// skip passes over blanks.
func (s *scanner) skip() {
	for {
		rest := strings.TrimLeft(s.rest(), blanks)
		rest = rest[continued(rest):]
		if len(rest) == len(s.rest()) {
			return
		}
		s.at = len(s.text) - len(rest)
	}
}

// sign takes a sign that may have blanks before it.
func (s *scanner) sign(c byte) bool {
	s.skip()
	if s.peek() != c || s.at == len(s.text) {
		return false
	}
	s.at++
	return true
}

// nots takes exclamation marks, and says whether what follows is negated.
func (s *scanner) nots() (not bool) {
	for s.sign('!') {
		not = !not
	}
	return not
}

// ended says whether the entry is at its end: of the text, of the line, or at a
// comment.
func (s *scanner) ended() bool {
	s.skip()
	rest := s.rest()
	return rest == "" || rest[0] == '\n' || strings.HasPrefix(rest, "\r\n") || comment(rest)
}

// comment says whether a text begins with a comment: a # that is no number's.
func comment(text string) bool {
	digits, ok := strings.CutPrefix(text, "#")
	digits = strings.TrimPrefix(digits, "-")
	return ok && (digits == "" || !digit(digits[0]))
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// line goes on to the next line that does not continue this one. A comment is not
// continued.
func (s *scanner) line() {
	for s.at < len(s.text) {
		switch rest := s.rest(); {
		case rest[0] == '\n':
			s.at++
			return
		case comment(rest):
			text, _, _ := strings.Cut(rest, "\n")
			s.at += len(text)
		case continued(rest) > 0:
			s.at += continued(rest)
		case rest[0] == '\\' && len(rest) > 1 && rest[1] != '\n':
			s.at += 2
		default:
			s.at++
		}
	}
}

// word takes a name or a number: what ends before a blank, a sign or a quote that
// no backslash stands before. Without the backslashes it is what sudo compares.
func (s *scanner) word(signs string) (word string, ok bool) {
	var b strings.Builder
	for ; s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		if c == '\\' {
			if s.at+1 == len(s.text) || strings.IndexByte("\t\r\n", s.text[s.at+1]) >= 0 {
				break
			}
			s.at++
			c = s.text[s.at]
		} else if strings.IndexByte(signs, c) >= 0 {
			break
		}
		b.WriteByte(c)
	}
	return b.String(), b.Len() > 0
}

// wordEnds are the signs that end a word.
const wordEnds = "#>!=:,() \t\r\n\""

// quoted takes a text in double quotes.
func (s *scanner) quoted() (text string, ok bool) {
	var b strings.Builder
	for at := s.at + 1; at < len(s.text); at++ {
		switch rest := s.text[at:]; {
		case rest[0] == '"':
			s.at = at + 1
			return b.String(), b.Len() > 0
		case rest[0] == '\n' || strings.HasPrefix(rest, "\r\n"):
			return "", false
		case continued(rest) > 0:
			next := strings.TrimLeft(rest[continued(rest):], blanks)
			at += len(rest) - len(next) - 1
			continue
		case strings.HasPrefix(rest, `\"`):
			at++
		}
		b.WriteByte(s.text[at])
	}
	return "", false
}
