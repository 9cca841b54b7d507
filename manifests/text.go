package manifests

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// manifestLimit is how many bytes a manifest may have.
const manifestLimit = 4 << 20

// valueLimit is how many values a manifest may have, counted with what its
// aliases stand for. A value costs some 200 bytes while it is taken apart.
const valueLimit = 400_000

// textPerValue is how many bytes of text count as one more value.
const textPerValue = 64

// readable says whether text can be given to the YAML parser. That builds its
// whole tree before anything can be looked at, so that what would make the
// tree huge must be found here.
func (l *loader) readable(text []byte) bool {
	if len(text) > manifestLimit {
		l.wrongAt(Pos{File: l.file}, "%s", tooLarge(manifestLimit))
		return false
	}
	values := 2
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < utf8.RuneSelf && !special[c] {
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if why := refusal(r, size, text, i); why != "" {
			l.wrongAt(placeOf(l.file, text, i), "%s", why)
			if len(l.list) == refusalLimit {
				break
			}
		}
		i += size - 1
		values += weight(r, text[i+1:])
	}
	if values > valueLimit && len(l.list) == 0 {
		l.wrongAt(Pos{File: l.file}, "there are more than %d values in it: split it, or put large texts into files of their own (source)", valueLimit)
	}
	return len(l.list) == 0
}

// refusalLimit is after how many characters that are refused it is clear that
// this is no text.
const refusalLimit = 10

// special is the ASCII characters that have a refusal or a weight.
var special = func() (set [utf8.RuneSelf]bool) {
	for c := range set {
		set[c] = c < ' ' || c == 0x7f || strings.ContainsRune(":#,[{?-%", rune(c))
	}
	return set
}()

// byteOrderMark may stand at the beginning of a text, where editors put it.
const byteOrderMark = 0xFEFF

// refusal is why the character at an offset may not stand in a manifest; empty
// when it may.
func refusal(r rune, size int, text []byte, at int) string {
	switch {
	case r == '%' && (at == 0 || text[at-1] == '\n'):
		return "directives such as %YAML are not supported"
	case r == '\r' && (at+1 == len(text) || text[at+1] != '\n'):
		return "a line ends with a carriage return alone: save the file with line feeds"
	case r >= ' ' && r < 0x7f, r == '\t', r == '\n', r == '\r':
	case r < 0xA0:
		return "control characters are not allowed: write an escape in double quotes, or put the text into a file (source)"
	case r == utf8.RuneError && size == 1:
		return "this is not UTF-8: save the file in that encoding"
	case r == byteOrderMark && at == 0:
	case r == 0x2028, r == 0x2029, r == byteOrderMark, r == 0xFFFE, r == 0xFFFF:
		return "this character is invisible and not allowed: write an escape in double quotes"
	}
	return ""
}

// weight makes the sum over a text at least the number of nodes that YAML finds
// in it: a pair of a block mapping takes a colon and a line of its own, an item
// of a block sequence a dash, and an item of a flow collection, which can be a
// key and its empty value, a comma or a bracket. Comments cost as much.
func weight(r rune, rest []byte) int {
	switch r {
	case ':', '#':
		return 1
	case ',', '[', '{', '?':
		return 2
	case '-':
		if len(rest) == 0 || rest[0] <= ' ' {
			return 1
		}
	case '\n':
		return 1
	}
	return 0
}

// placeOf is the place of the byte at an offset.
func placeOf(file string, text []byte, at int) Pos {
	before := bytes.TrimPrefix(text[:at], []byte(string(rune(byteOrderMark))))
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return Pos{file, 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(line)}
}
