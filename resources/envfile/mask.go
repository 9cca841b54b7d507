package envfile

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Masked returns two texts with a mask for every value whose key is not shown,
// for a difference between them. Equal texts are masked the same, different ones
// differently: the second value of a key has another mask than the first, with
// "changed" in it when only after has that value. A mask tells nothing else.
//
// Shown are names, values of shown keys that fit on one line, blank lines and
// prose in comments. Hidden is all that may be a part of a secret: values in
// comments, words in them that are as long as a key or an address, and lines
// that are no assignment, which may be what is left of a value over several
// lines. Either file may be nil, which stands for an empty one.
func Masked(before, after *File, show func(key string) bool) (b, a []byte) {
	m := mask{show: show, masks: map[secret]string{}, count: map[string]int{}}
	b = m.file(before)
	m.after = true
	return b, m.file(after)
}

// A mask remembers which secrets it has hidden behind what.
type mask struct {
	show  func(key string) bool
	masks map[secret]string
	count map[string]int // of masks of one form at one place
	after bool
}

// A secret is a hidden text, at a place of which all texts are told apart.
type secret struct{ place, text string }

func (m *mask) file(f *File) []byte {
	if f == nil {
		return nil
	}
	var out []byte
	for _, e := range f.entries {
		name := e.name()
		switch {
		case isName(name) && m.show(name) && !e.long() && !bytes.Contains(e.text, []byte(maskStart)):
			out = append(out, e.text...)
		case isName(name) && !perhapsTail(e):
			out = m.hide(append(out, e.text[:e.eq+1]...), name, e.text[e.eq+1:])
		default:
			for line := range bytes.Lines(e.text) {
				out = m.line(out, line, e.comment)
			}
		}
	}
	return out
}

// perhapsTail reports whether an assignment of nothing may be the last line of
// a secret in base64, such as bGFzdA==.
func perhapsTail(e entry) bool {
	return (e.value == "" || e.value == "=") && strings.ToUpper(e.key) != e.key
}

// line masks a line that is no assignment.
func (m *mask) line(out, line []byte, comment bool) []byte {
	text := bytes.TrimLeft(line, blanks+breaks)
	switch {
	case len(text) == 0:
		return append(out, line...)
	case !comment || !bytes.ContainsAny(text[:1], "#;"):
		return m.hide(out, "", line)
	}
	shown := len(line)
	if at := commentedOut().FindIndex(line); at != nil {
		shown = at[0] + bytes.IndexByte(line[at[0]:], '=') + 1
	}
	if !isProse(line[:shown]) {
		shown = len(line) - len(text) + 1
	}
	if shown == len(line) {
		return append(out, line...)
	}
	return m.hide(append(out, line[:shown]...), string(line[:shown]), line[shown:])
}

// commentedOut is a name, a = that is no part of a ruler, and a value.
var commentedOut = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^=#; \t][ \t]*=+[ \t]*[^= \t\r\n]`) })

// isProse reports whether a comment has no word that may be a key or an address
// with a password in it, and nothing that looks like a mask.
func isProse(comment []byte) bool {
	for _, word := range bytes.Fields(comment) {
		if len(word) >= 24 && bytes.ContainsFunc(word, unicode.IsLetter) {
			return false
		}
	}
	return !bytes.Contains(comment, []byte(maskStart))
}

const maskStart = "<hidden"

// hide writes the mask of a text in place of it, and the line break at its end.
func (m *mask) hide(out []byte, place string, text []byte) []byte {
	secretText := bytes.TrimRight(text, breaks)
	s := secret{place, string(secretText)}
	if m.masks[s] == "" {
		m.masks[s] = m.new(place)
	}
	return append(append(out, m.masks[s]...), text[len(secretText):]...)
}

// new returns a mask that its place has not seen: <hidden>, <hidden 2>, or
// <hidden, changed>, <hidden, changed 2>.
func (m *mask) new(place string) string {
	form := maskStart
	if m.after && m.count[place+maskStart] > 0 {
		form += ", changed"
	}
	m.count[place+form]++
	if n := m.count[place+form]; n > 1 {
		return fmt.Sprintf("%s %d>", form, n)
	}
	return form + ">"
}
