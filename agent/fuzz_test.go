package agent

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/test/linear"
)

// No secret survives in a text, wherever it stands, quoted, folded, in lines of
// their own or overlapping another one; and what is shown is a part of the text.
func FuzzConceal(f *testing.F) {
	f.Add("the key is hunter2!", "hunter2!", "abcd")
	f.Add("abcdefghijk", "abcd", "cdefghijk")
	f.Add("a", "-----BEGIN KEY-----\nMIIB\"x\\y\n\tlast  line \r\n", "it's")
	f.Add("0", "0\r00\ne", "")
	f.Add("passpasspass", "pass", "passpass")
	f.Add("(hidden)", "(hidden)x", "hidden")
	f.Add("\xff\x00", " a  b ", "a b\u2028c")
	f.Fuzz(func(t *testing.T, text, one, two string) {
		if strings.ContainsAny(text, "\r") || !utf8.ValidString(text+one+two) {
			t.Skip()
		}
		hide := without([]string{one, two})
		for _, said := range []string{
			text + one + text + two, one + two + one, fmt.Sprintf("%q", text+one), oneLine(text + " " + two + " " + text),
			strings.TrimSpace(one), unified(node.Diff{Name: "x", Before: text, After: text + "\n" + one + "\n"}),
		} {
			shown := strings.Split(hide(said), hiddenMark)
			for _, secret := range slices.Concat(strings.Split(one, "\n"), strings.Split(two, "\n")) {
				// What begins or ends in a blank is known without it.
				if secret = strings.Trim(secret, "\r"); len(strings.TrimSpace(secret)) < 4 {
					continue
				}
				for _, part := range shown {
					if strings.Contains(part, strings.TrimSpace(secret)) || strings.Contains(part, oneLine(secret)) && len(oneLine(secret)) >= 4 {
						t.Fatalf("%q shows %q, of %q", shown, secret, said)
					}
				}
			}
			rest := said
			for _, part := range shown {
				_, after, found := strings.Cut(rest, part)
				if !found {
					t.Fatalf("%q is not a part of %q", shown, said)
				}
				rest = after
			}
		}
	})
}

// A difference is shown whatever differs: what goes was there, what comes will
// be, and nothing is shown of equal texts.
func FuzzDiff(f *testing.F) {
	f.Add("/etc/motd", "a\nb\n", "a\nc")
	f.Add("/etc/x", "\x00", "\xff")
	f.Add("", "", "\n")
	f.Add("/a", "--- a\n+++ b\n@@ -1 +1 @@\n", "\\ No newline at end of file")
	f.Add("/a", "a\r\nb\r\n", "a\nb\n")
	f.Fuzz(func(t *testing.T, name, before, after string) {
		if strings.Contains(name, "\n") {
			t.Skip()
		}
		diff := unified(node.Diff{Name: name, Before: before, After: after})
		if (diff == "") != (before == after) || diff != "" && !strings.Contains(diff, name) {
			t.Fatalf("%q to %q is shown as %q", before, after, diff)
		}
		if diff == "" || binary(before) || binary(after) {
			return
		}
		was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
		lines := strings.Split(diff, "\n")
		for _, line := range lines[2:] {
			if gone, ok := strings.CutPrefix(line, "-"); ok && !slices.Contains(was, gone) {
				t.Fatalf("%q was never in %q", gone, before)
			}
			if come, ok := strings.CutPrefix(line, "+"); ok && !slices.Contains(is, come) {
				t.Fatalf("%q will not be in %q", come, after)
			}
		}
	})
}

// Every complaint is told to somebody, in its order, whoever it names.
func FuzzBlame(f *testing.F) {
	f.Add("hear:\na.service: no\n  ^~~\nb.service: nor", "a.service", "b.service")
	f.Add("x", "", "x")
	f.Add("a a\n\xff", "a a", "\xff")
	f.Fuzz(func(t *testing.T, complaints, one, two string) {
		a, b := &step{}, &step{}
		lines := strings.Split(complaints, "\n")
		shares := blame(lines, []hearing{{a, node.Judge{Named: []string{one}}}, {b, node.Judge{Named: []string{two}}}})
		told := make([]bool, len(lines))
		for _, share := range shares {
			from := 0
			for _, line := range share {
				at := slices.Index(lines[from:], line)
				if at < 0 {
					t.Fatalf("%q is not in %q in that order", share, lines)
				}
				from += at + 1
			}
			for i, line := range lines {
				told[i] = told[i] || slices.Contains(share, line)
			}
		}
		if slices.Contains(told, false) {
			t.Fatalf("of %q is told %v", lines, told)
		}
	})
}

func FuzzLong(f *testing.F) {
	f.Add("", "secret line\n", "")
	f.Add("a\n", "b\nc\n", "a")
	f.Add("", "aaaa", "")
	f.Add("", "abcd\n", "\x00")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			without([]string{text, piece, head, tail})(text)
			unified(node.Diff{Name: "x", Before: text, After: strings.ReplaceAll(text, "\n", "\n"+tail)})
			blame(strings.Split(text, "\n"), []hearing{{&step{}, node.Judge{Named: []string{tail, head}}}})
		})
	})
}

// Many secrets cost no more than one for each byte of a text.
func TestManySecrets(t *testing.T) {
	var secrets []string
	for i := range 20_000 {
		secrets = append(secrets, fmt.Sprintf("    secret %d of many", i))
	}
	linear.Hold(t, "", "    secret 777 of many\n", "", func(text string) {
		if got := without(secrets)(text); strings.Contains(got, "secret") {
			t.Error("a secret is shown")
		}
	})
}
