package unitfile

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// wordStyle is how systemd takes a list of words apart. It differs from setting
// to setting.
type wordStyle int

const (
	quotes    wordStyle = 1 << iota // quotes hold a word together and go away
	escapes                         // C escapes; without it a backslash just goes away
	backslash                       // backslashes stay
	lenient                         // an escape that is none stays
)

var (
	errBadEscape = errors.New("bad escape sequence")
	errQuotes    = errors.New("unbalanced quotes")
)

// words are the words in s. With an error come those before it.
func words(s string, style wordStyle) ([]string, error) {
	var out []string
	for {
		word, rest, ok, err := nextWord(s, style)
		if !ok || err != nil {
			return out, err
		}
		out, s = append(out, word), rest
	}
}

// nextWord returns the first word of s, and the rest from where the next word
// begins. It is not ok when there is no further word.
func nextWord(s string, style wordStyle) (word, rest string, ok bool, err error) {
	s = strings.TrimLeft(s, white)
	if s == "" {
		return "", "", false, nil
	}
	var b strings.Builder
	var quote byte
	for s != "" {
		c := s[0]
		switch {
		case c == '\\' && style&backslash == 0:
			text, n, err := unescape(s, style, quote != 0)
			if err != nil {
				return "", s, false, err
			}
			b.WriteString(text)
			s = s[n:]
			continue
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && style&quotes != 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.IndexByte(white, c) >= 0:
			return b.String(), strings.TrimLeft(s, white), true, nil
		default:
			b.WriteByte(c)
		}
		s = s[1:]
	}
	if quote != 0 {
		return "", "", false, errQuotes
	}
	return b.String(), "", true, nil
}

// unescape returns what the backslash at the start of s and what belongs to it
// stand for, and their length.
func unescape(s string, style wordStyle, quoted bool) (text string, n int, err error) {
	if len(s) == 1 {
		if style&lenient != 0 && !quoted {
			return s, 1, nil
		}
		return "", 0, errBadEscape
	}
	if style&escapes == 0 {
		return s[1:2], 2, nil
	}
	if text, n = cEscape(s[1:]); n > 0 {
		return text, n + 1, nil
	}
	if style&lenient != 0 {
		return s[:2], 2, nil
	}
	return "", 0, errBadEscape
}

// cEscape is what s, which follows a backslash, stands for, and its length; 0
// when it is no escape sequence. See the table in systemd.syntax(7).
func cEscape(s string) (string, int) {
	const letters, meaning = `abfnrtv\"'s`, "\a\b\f\n\r\t\v\\\"' "
	if i := strings.IndexByte(letters, s[0]); i >= 0 {
		return meaning[i : i+1], 1
	}
	switch s[0] {
	case 'x':
		return numberEscape(s, 1, 2, 16)
	case 'u':
		return numberEscape(s, 1, 4, 16)
	case 'U':
		return numberEscape(s, 1, 8, 16)
	}
	return numberEscape(s, 0, 3, 8)
}

// numberEscape reads a byte (two hexadecimal or three octal digits) or a code
// point that is given by number. NUL cannot be had.
func numberEscape(s string, from, digits, base int) (string, int) {
	end := from + digits
	if len(s) < end {
		return "", 0
	}
	v, err := strconv.ParseUint(s[from:end], base, 32)
	switch {
	case err != nil || v == 0:
		return "", 0
	case digits > 3:
		if !utf8.ValidRune(rune(v)) {
			return "", 0
		}
		return string(rune(v)), end
	case v > 0xff:
		return "", 0
	}
	return string([]byte{byte(v)}), end
}
