package unitfile

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// CommandLine writes the words of a program and its arguments as the value of
// ExecStart= and the like that systemd reads as just these words: no variable and
// no specifier is looked for in them.
func CommandLine(argv ...string) string {
	quoted := make([]string, len(argv))
	for i, word := range argv {
		quoted[i] = quote(word)
	}
	return ":" + strings.Join(quoted, " ")
}

// plainWord is what needs no quotes.
var plainWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_/.,:=@+-]+$`) })

// quote writes one word. What is no text is escaped byte by byte: systemd passes
// over a line that is not UTF-8.
func quote(word string) string {
	if plainWord().MatchString(word) {
		return word
	}
	var b strings.Builder
	b.WriteByte('"')
	for len(word) > 0 {
		r, n := utf8.DecodeRuneInString(word)
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + word[:n])
		case r == '%':
			b.WriteString("%%")
		case r < ' ' || r == 0x7f || r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, word[0])
		default:
			b.WriteString(word[:n])
		}
		word = word[n:]
	}
	b.WriteByte('"')
	return b.String()
}
