package unitfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Setting is one assignment "Key=Value" in a section of a file.
type Setting struct {
	Section, Key, Value string
	File                string // where it stands, "" from Parse
	Line                int    // the line that it starts on, from 1
}

// white are the characters that systemd strips and splits words at.
const white = " \t\n\r"

// Parse reads the syntax of unit files, systemd.syntax(7), as systemd does:
// lines that mean nothing are passed over, as are assignments before the first
// section. A line that makes systemd give up the file (a broken section header,
// text that is not UTF-8) is an error; the settings before it are returned.
func Parse(text []byte) ([]Setting, error) {
	var (
		settings []Setting
		section  string
		whole    []byte // the line so far, while it is continued
		start    int    // where it began
	)
	lines := splitLines(bytes.TrimPrefix(text, []byte("\ufeff")))
	for i, line := range lines {
		last := i == len(lines)-1
		if len(whole) == 0 {
			start = i + 1
		}
		if !isComment(line) {
			whole = append(whole, line...)
			if continues(whole) {
				whole[len(whole)-1] = ' '
				if !last {
					continue
				}
			}
		} else if !last {
			continue
		}
		setting, err := parseLine(string(whole), &section)
		if err != nil {
			return settings, fmt.Errorf("line %d: %w", start, err)
		}
		whole = whole[:0]
		if section != "" && setting.Key != "" {
			setting.Line = start
			settings = append(settings, setting)
		}
	}
	return settings, nil
}

// parseFile is Parse for a file whose path is known.
func parseFile(path string, text []byte) ([]Setting, error) {
	settings, err := Parse(text)
	for i := range settings {
		settings[i].File = path
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return settings, err
}

// splitLines splits as systemd's read_line does: at newline, carriage return
// and NUL, of which any run without repetition ends one line.
func splitLines(text []byte) [][]byte {
	var lines [][]byte
	for len(text) > 0 {
		end := bytes.IndexAny(text, "\n\r\x00")
		if end < 0 {
			return append(lines, text)
		}
		lines = append(lines, text[:end])
		next := end
		for next < len(text) && isLineEnd(text[next]) && !slices.Contains(text[end:next], text[next]) {
			if next++; text[next-1] == 0 {
				break
			}
		}
		text = text[next:]
	}
	return lines
}

func isLineEnd(c byte) bool { return c == '\n' || c == '\r' || c == 0 }

// isComment holds for lines between continued ones, too.
func isComment(line []byte) bool {
	line = bytes.TrimLeft(line, white)
	return len(line) > 0 && (line[0] == '#' || line[0] == ';')
}

// continues reports whether line ends in a backslash that is not itself escaped.
func continues(line []byte) bool {
	return (len(line)-len(bytes.TrimRight(line, `\`)))%2 == 1
}

var (
	errNotUTF8   = errors.New("text is not UTF-8, systemd reads the file no further")
	errBadHeader = errors.New("broken section header, systemd reads the file no further")
)

// parseLine returns the assignment in a whole line, if there is one, or enters
// the section that it begins.
func parseLine(line string, section *string) (Setting, error) {
	line = strings.Trim(line, white)
	if !utf8.ValidString(line) {
		return Setting{}, errNotUTF8
	}
	if header, ok := strings.CutPrefix(line, "["); ok {
		name, closed := strings.CutSuffix(header, "]")
		if !closed || !isSafe(name) {
			return Setting{}, errBadHeader
		}
		*section = name
		return Setting{}, nil
	}
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return Setting{}, nil
	}
	return Setting{Section: *section, Key: strings.Trim(key, white), Value: strings.Trim(value, white)}, nil
}

// isSafe reports that s has no control characters, quotes or backslashes.
func isSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || strings.ContainsRune(`"'\`, r)
	})
}
