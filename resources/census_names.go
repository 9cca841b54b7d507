package resources

import (
	"bytes"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// Names is all by which a path is named: itself, without the symlinks above it,
// and by way of symlinks that lead into it or to a directory above it.
type names []string

// manyNames is how many are looked for. Symlinks are told one by one in any case.
const manyNames = 100

// namesOf is the names of some paths, the paths first.
func namesOf(paths []string, links []node.Link) names {
	n := names(slices.Compact(slices.Clone(paths)))
	for i := 0; i < len(n) && len(n) < manyNames; i++ {
		for _, link := range links {
			if alias, ok := aliasOf(n[i], link); ok && !slices.Contains(n, alias) && len(n) < manyNames {
				n = append(n, alias)
			}
		}
	}
	return n
}

// aliasOf is another name of a path, or of something below it, by way of a symlink.
func aliasOf(at string, link node.Link) (string, bool) {
	end := target(link.Path, link.Target)
	switch {
	case within(link.Path, at), end == "/":
		return "", false
	case within(end, at):
		return link.Path, true
	case within(at, end) && !within(link.Path, end):
		return link.Path + strings.TrimPrefix(at, end), true
	}
	return "", false
}

// in is the first of the names that a text has in it.
func (n names) in(text string) (string, bool) {
	if !strings.Contains(text, "/") {
		return "", false
	}
	for _, name := range n {
		if mention([]byte(text), name, false) >= 0 {
			return name, true
		}
	}
	return "", false
}

// mention is where a text names a path or what is below it, -1 for nowhere. What
// goes on with more of a name is another path, and so is what has something before
// it: /opt/a stands neither in /opt/ab nor in /srv/opt/a nor in ./opt/a. In a program
// texts stand side by side with nothing in between, and what is before one says
// nothing.
func mention(text []byte, name string, program bool) int {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(name))
		if i < 0 {
			return -1
		}
		at := from + i
		if (program || at == 0 || mayPrecede(text[at-1])) && ends(text[at+len(name):]) {
			return at
		}
		from = at + 1
	}
}

// mayPrecede says whether a path may begin after a byte.
func mayPrecede(c byte) bool { return !inName(c) && c != '.' && c != '~' }

// ends says whether a name is at its end before a text.
func ends(rest []byte) bool {
	switch {
	case len(rest) == 0:
		return true
	case rest[0] == '.':
		return len(rest) == 1 || rest[1] != '.' && !goesOn(rest[1])
	}
	return !goesOn(rest[0])
}

func goesOn(c byte) bool { return inName(c) || strings.IndexByte("-+@~", c) >= 0 }

// plain says whether a byte is nearly always part of a path.
func plain(c byte) bool { return inName(c) && c < 0x80 || strings.IndexByte("/.-", c) >= 0 }

func inName(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// shownBelow is how much is shown of what follows a name in a program.
const shownBelow = 64

// inProgram is the paths that a program has in it, each once and sorted, read bit
// by bit.
func (n names) inProgram(r io.Reader, window int) ([]string, error) {
	longest := len(slices.MaxFunc(n, func(a, b string) int { return len(a) - len(b) }))
	tail := longest + shownBelow + 2
	buf, have := make([]byte, window+2*tail), 0
	var found []string
	for {
		read, err := io.ReadFull(r, buf[have:])
		have += read
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return found, err
		}
		limit := have // what begins behind it may be cut off, and is looked at with what follows
		if err == nil {
			limit = have - tail
		}
		for _, name := range n {
			found = append(found, shownIn(buf[:have], name, limit)...)
		}
		if err != nil {
			slices.Sort(found)
			return slices.Compact(found), nil
		}
		have = copy(buf, buf[limit:have])
	}
}

// shownIn is the paths in a stretch of a program that begin with a name, before a
// limit, each as far as it can be told.
func shownIn(text []byte, name string, limit int) []string {
	var found []string
	for from := 0; ; {
		i := mention(text[from:], name, true)
		if i < 0 || from+i >= limit {
			return found
		}
		at := from + i
		end := at + len(name)
		for end < len(text) && end-at < len(name)+shownBelow && plain(text[end]) {
			end++
		}
		found = append(found, path.Clean(string(text[at:end])))
		from = end
	}
}
