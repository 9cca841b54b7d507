package cli

import "strings"

// This file makes texts fit for a terminal.

// visible makes control characters harmless to a terminal, and seen.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' {
			return '␀' + r
		}
		if r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '�'
		}
		return r
	}, text)
}

func indent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = "    " + visible(line)
	}
	return strings.Join(lines, "\n")
}
