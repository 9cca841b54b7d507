package unitfile

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var hostileWords = []string{
	"", " ", "a b", "tab\tand\nline\r", `"`, `'`, `\`, `back\nslash\`, "%n", "100%", "%%", "$HOME", "${HOME}", "$$", ";", `\;`, "#", "-", "ä€😀",
	"\x01\x1b[31m\x7f", "\xff\xc3(", "a;b", "=", "{}*?[]()<>|&!`~", "\u2028\u0085\ufeff",
}

// A command line is read as the words that it was made of.
func FuzzCommandLine(f *testing.F) {
	for _, word := range hostileWords {
		f.Add(word, word)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		if strings.Contains(one+two, "\x00") {
			t.Skip() // no argument holds one
		}
		u, err := Load(memTree{"/etc/systemd/system/a.service": "[Service]\nExecStart=" + CommandLine("/bin/x", one, two) + "\n"}, "a.service")
		if err != nil {
			t.Fatal(err)
		}
		commands := u.Commands("ExecStart")
		if len(commands) != 1 || commands[0].Prefix != ":" || !slices.Equal(commands[0].Argv, []string{"/bin/x", one, two}) {
			t.Fatalf("%q, %q are read as %q", one, two, commands)
		}
	})
}

// systemd itself reads it so, too. What its dump does not show as it is stands in
// the tests on nodes.
func TestCommandLineForSystemd(t *testing.T) {
	needSystemd(t, "systemd-analyze")
	for _, word := range hostileWords {
		if strings.ContainsFunc(word, unicode.IsControl) || !utf8.ValidString(word) {
			continue
		}
		t.Run(word, func(t *testing.T) {
			d := newTree(t, map[string]string{"/etc/systemd/system/a.service": "[Service]\nExecStart=" + CommandLine("/bin/true", word, "end") + "\n"})
			if !sameAsManager(t, d, "a.service") {
				t.Error("systemd does not load it")
			}
		})
	}
}
