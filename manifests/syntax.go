package manifests

import (
	"fmt"
	"sort"
	"strings"
)

// searchLimit is up to which size of a text the very place of a syntax error is
// looked for.
const searchLimit = 1 << 20

// syntaxError adds what the YAML parser said. It tells at best a line, often
// that of the value's beginning, so the place is found by trying: the error
// lies where the shortest beginning of the text ends that gives the same error.
func (l *loader) syntaxError(text []byte, err error) {
	said, line := complaint(err)
	if len(text) > searchLimit {
		l.wrongAt(Pos{l.file, line, 1}, "%s", said)
		return
	}
	at := sort.Search(len(text)-1, func(i int) bool {
		_, _, err := documents(text[:i+1])
		if err == nil {
			return false
		}
		same, _ := complaint(err)
		return same == said
	})
	l.wrongAt(placeOf(l.file, text, at), "%s", inPlainWords(said, text[at:]))
}

// complaint is what the parser said, and the line that it named.
func complaint(err error) (said string, line int) {
	said = strings.TrimPrefix(err.Error(), "yaml: ")
	if _, err := fmt.Sscanf(said, "line %d: ", &line); err == nil {
		_, said, _ = strings.Cut(said, ": ")
	}
	return said, max(line, 1)
}

// inPlainWords adds to a complaint what to do about it.
func inPlainWords(said string, culprit []byte) string {
	tab := len(culprit) > 0 && culprit[0] == '\t'
	switch {
	case tab && (strings.Contains(said, "tab") || strings.Contains(said, "cannot start any token")):
		return "a line is indented with spaces, not with a tab"
	case strings.Contains(said, "cannot start any token") && len(culprit) > 0:
		return "a value cannot start with " + string(culprit[:1]) + ": put it in quotes"
	case strings.HasPrefix(said, "mapping values are not allowed"):
		return `a ":" cannot stand here: indent the line like its neighbours, or put the value in quotes`
	case strings.HasPrefix(said, "did not find expected key"), strings.HasPrefix(said, "did not find expected '-'"):
		return said + ": indent the line like its neighbours, or put the value in quotes"
	case strings.Contains(said, "expected ',' or '"):
		return said + ": close it, or put a value with braces, brackets or commas in quotes"
	case strings.HasPrefix(said, "could not find expected ':'"):
		return said + ": a key ends with a colon and a space"
	case said == "found unexpected end of stream":
		return "this quote is never closed"
	}
	return said
}
