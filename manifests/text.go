package manifests

import (
	"bytes"
	"unicode/utf8"
)

// manifestLimit is how many bytes a manifest may have.
const manifestLimit = 4 << 20

// valueLimit is how many values a manifest may have, counted with what its
// aliases stand for. A value costs some 200 bytes while it is taken apart.
const valueLimit = 400_000

// textPerValue is how many bytes of text count as one more value.
const textPerValue = 64

// refusalLimit is after how many characters that are refused it is clear that
// this is no text.
const refusalLimit = 10

// byteOrderMark may stand at the beginning of a text, where editors put it.
const byteOrderMark = "\uFEFF"

// readable says whether text can be given to the YAML parser. That builds its
// whole tree before anything can be looked at, so that what would make the
// tree huge must be found here.
func (l *loader) readable(text []byte) bool {
	if len(text) > manifestLimit {
		l.wrongAt(Pos{File: l.file}, "%s", tooLarge(manifestLimit))
		return false
	}
	body := bytes.TrimPrefix(text, []byte(byteOrderMark))
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c >= ' ' && c < 0x7f && c != '%' || c == '\n' || c == '\t' {
			continue
		}
		r, size := utf8.DecodeRune(body[i:])
		if why := refusal(r, body, i, size); why != "" {
			l.wrongAt(placeOf(l.file, body, i), "%s", why)
		}
		if len(l.list) == refusalLimit {
			break
		}
		i += size - 1
	}
	if len(l.list) == 0 && weight(body) > valueLimit {
		l.wrongAt(Pos{File: l.file}, "there are more than %d values in it: split it, or put large texts into files of their own (source)", valueLimit)
	}
	return len(l.list) == 0
}

// refusal is why a character of a text may not stand there; empty when it may.
func refusal(r rune, text []byte, at, size int) string {
	switch {
	case r == '%' && (at == 0 || text[at-1] == '\n'):
		return "directives such as %YAML are not supported"
	case r == '\r' && !bytes.HasPrefix(text[at:], []byte("\r\n")):
		return "a line ends with a carriage return alone: save the file with line feeds"
	case r == '%', r == '\r':
	case r < 0xA0:
		return "control characters are not allowed: write an escape in double quotes, or put the text into a file (source)"
	case r == utf8.RuneError && size == 1:
		return "this is not UTF-8: save the file in that encoding"
	case r == 0x2028, r == 0x2029, r == 0xFEFF, r == 0xFFFE, r == 0xFFFF:
		return "this character is invisible and not allowed: write an escape in double quotes"
	}
	return ""
}

// weight is at least the number of nodes that YAML finds in a text: a pair of a
// block mapping takes a colon and a line of its own, an item of a block
// sequence a dash, and an item of a flow collection, which can be a key and its
// empty value, a comma or a bracket. Comments cost as much as nodes.
func weight(text []byte) int {
	sum := 3 // the document, its root, and a first line
	for i, c := range text {
		switch c {
		case '\n', ':', '#':
			sum++
		case ',', '[', '{', '?':
			sum += 2
		case '-':
			if i+1 == len(text) || text[i+1] <= ' ' {
				sum++
			}
		}
	}
	return sum
}

// placeOf is the place of the character that the byte at an offset belongs to.
func placeOf(file string, text []byte, at int) Pos {
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	before := bytes.TrimPrefix(text[:at], []byte(byteOrderMark))
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return Pos{file, 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(line)}
}
