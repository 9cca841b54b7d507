package envfile

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// dotenv reads text as github.com/joho/godotenv 1.5 does, which stands for the
// dotenv libraries: one line that it cannot read loses it the whole file.
func dotenv(text []byte) (reading, error) {
	lines := bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	d := &dotenvScanner{scanner: scanner{text: lines}, vars: reading{}}
	for d.statement() {
		line := d.line()
		key, err := d.key()
		if err != nil {
			return nil, err
		}
		value, err := d.value()
		if err != nil {
			return nil, err
		}
		if d.grown > maxGrowth {
			return nil, fail(line, "references make the values too large")
		}
		d.vars[key] = assignment{value, line, d.referred}
		d.referred = false
	}
	return d.vars, nil
}

// A dotenvScanner walks over a file by godotenv's rules.
type dotenvScanner struct {
	scanner
	vars     reading
	grown    int  // by how much references have made values larger
	referred bool // the value at hand has been made of others
	keyless  bool // what is left has neither a = nor a :
}

// maxGrowth is as much as the whole environment of a program may be. Without a
// limit A=$A$A doubles the value line by line.
const maxGrowth = 2 << 20

// statement steps to the next assignment, over blanks and comments.
func (d *dotenvScanner) statement() bool {
	for {
		d.skipFunc(unicode.IsSpace)
		if !d.in("#") {
			return !d.done()
		}
		d.skipTo("\n")
	}
}

// key reads up to the = or : behind a name, and the blanks after it. Text
// without either is the value of no name.
func (d *dotenvScanner) key() (string, error) {
	d.skipExport()
	if d.done() {
		return "", fail(d.line(), "an export lacks its name")
	}
	start, rest := d.pos, d.text[d.pos:]
	if d.keyless {
		rest = nil // once is enough: there may be many such lines
	}
	for at, c := range rest {
		r := rune(c) // the library tests bytes, not characters
		switch {
		case c == '=' || c == ':':
			key := string(d.text[start : start+at])
			d.pos = start + at + 1
			d.skipFunc(isInlineSpace)
			return strings.TrimRightFunc(key, unicode.IsSpace), nil
		case isInlineSpace(r), c == '_', c == '.', unicode.IsLetter(r), unicode.IsNumber(r):
		default:
			return "", d.notKey(start + at)
		}
	}
	d.keyless = true
	d.skipFunc(isInlineSpace)
	return "", nil
}

func (d *dotenvScanner) skipExport() {
	word := d.pos
	if !bytes.HasPrefix(d.text[word:], []byte("export")) {
		return
	}
	d.pos += len("export")
	name := d.pos
	if d.skipFunc(isInlineSpace); d.pos == name {
		d.pos = word
	}
}

// notKey tells why there is no name around a byte, without showing any of it:
// the line may be a part of a secret.
func (d *dotenvScanner) notKey(at int) error {
	d.pos = at
	switch {
	case bytes.HasPrefix(d.text, []byte("\uFEFF")):
		return errors.New("it starts with a byte order mark; remove that")
	case d.in(";"):
		return fail(d.line(), "a ; begins a comment for systemd alone; write #")
	default:
		return fail(d.line(), "it is not KEY=value")
	}
}

func (d *dotenvScanner) value() (string, error) {
	if d.in(`'"`) {
		return d.quoted()
	}
	start := d.pos
	for !d.done() && !d.in(breaks) {
		d.pos++
	}
	line := []rune(string(d.text[start:d.pos]))
	for i := len(line) - 1; i > 0; i-- {
		if line[i] == '#' && isInlineSpace(line[i-1]) {
			line = line[:i]
			break
		}
	}
	return d.expand(strings.TrimFunc(string(line), isInlineSpace)), nil
}

// quoted reads up to the next quote of its kind without a backslash before it.
func (d *dotenvScanner) quoted() (string, error) {
	line, start, quote := d.line(), d.pos, string(d.next())
	for !d.in(quote) || d.text[d.pos-1] == '\\' {
		if d.done() {
			return "", fail(line, "the %s there is never closed", quote)
		}
		d.pos++
	}
	value := strings.Trim(string(d.text[start:d.pos]), quote)
	d.pos++
	if quote == `"` {
		value = d.expand(unescape(value))
	}
	return value, nil
}

var (
	escape    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\.`) })
	backslash = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\([^$])`) })
	reference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\?\$\(?\{?([A-Z0-9_]*)\}?`) })
)

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	s = escape().ReplaceAllStringFunc(s, func(pair string) string {
		switch pair {
		case `\n`:
			return "\n"
		case `\r`:
			return "\r"
		}
		return pair
	})
	return backslash().ReplaceAllString(s, "$1")
}

// expand puts variables of the lines above in place of $NAME and ${NAME}. A
// backslash before them is lost instead.
func (d *dotenvScanner) expand(s string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return reference().ReplaceAllStringFunc(s, func(ref string) string {
		if ref[0] == '\\' {
			return ref[1:]
		}
		name := reference().FindStringSubmatch(ref)[1]
		if name == "" || d.grown > maxGrowth {
			return ref
		}
		d.referred = true
		d.grown += len(d.vars[name].value)
		return d.vars[name].value
	})
}

// skipFunc steps over all characters that are one of a kind.
func (d *dotenvScanner) skipFunc(kind func(rune) bool) {
	d.pos = len(d.text) - len(bytes.TrimLeftFunc(d.text[d.pos:], kind))
}

// isInlineSpace reports whether r is space that ends no line.
func isInlineSpace(r rune) bool {
	return strings.ContainsRune("\t\v\f\r \u0085\u00a0", r)
}
