package unitfile

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Words that are quoted are read as the same words.
func FuzzWords(f *testing.F) {
	for _, text := range []string{`a "b c" 'd'e`, `\x41\u00e4\U0001f600\101 \s`, `\`, `"`, `"a\`, `\x00 \ud800 \400`, "a\x00\xff\t\n", `a\ b;\;`} {
		f.Add(text)
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, text string) {
		for style := range wordStyle(16) {
			list, err := words(text, style)
			if err != nil || style&quotes == 0 || style&backslash != 0 {
				continue
			}
			var quoted []string
			for _, word := range list {
				quoted = append(quoted, `"`+escape.Replace(word)+`"`)
			}
			again, err := words(strings.Join(quoted, "\t "), style)
			if err != nil || !slices.Equal(again, list) {
				t.Fatalf("%q is read as %q, and that again as %q, %v", text, list, again, err)
			}
		}
	})
}

// A name is put together again from its parts, and what it stands for is what
// was escaped in it.
func FuzzName(f *testing.F) {
	for _, name := range []string{"a.service", "a@.service", "a@b@c.service", "a@b-\\x2d.service", "-.mount", ".service", "a.b.timer", "@x.service", "..service", strings.Repeat("a", 248) + ".service"} {
		f.Add(name, "/srv/a b/-")
	}
	f.Add("\xff.service", "/.x//..")
	f.Fuzz(func(t *testing.T, name, text string) {
		if n, ok := parseName(name); ok {
			if n.String() != name || strings.Contains(name, "/") || len(name) > 255 || n.isPlain() == (n.isInstance() || n.isTemplate()) {
				t.Fatalf("%q is read as %+v", name, n)
			}
			if filled, ok := n.with(text); ok {
				if again, ok := parseName(filled.String()); !ok || again != filled || again.template() != n.template() {
					t.Fatalf("%q with %q is %+v, and that %+v", name, text, filled, again)
				}
			}
			if _, err := Load(memTree{}, name); err != nil {
				t.Fatal(err)
			}
		}
		escaped := escapeName(text)
		if got, err := unescapeName(escaped); err != nil || got != text || !inUnitCharset(escaped) {
			t.Fatalf("%q is escaped as %q, and that read as %q, %v", text, escaped, got, err)
		}
		if clean := path.Clean("/" + text); !strings.Contains(text, "..") {
			at := unitName{prefix: "x", at: true, instance: "-", typ: "service"}
			if clean != "/" {
				at.instance = escapeName(clean[1:])
			}
			if got, err := nameToPath(at); err != nil || got != clean {
				t.Fatalf("%q is escaped as %q, and that read as %q, %v", clean, at.instance, got, err)
			}
		}
	})
}

// escapeName is systemd-escape(1).
func escapeName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/':
			b.WriteByte('-')
		case c == '-' || c == '\\' || i == 0 && c == '.' || !inUnitCharset(s[i:i+1]) || c == '@':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// A text whose percent signs are doubled stands for itself, and one without
// them is left alone. What is not known stays.
func FuzzExpand(f *testing.F) {
	for _, text := range []string{"", "%n %N %p %i %j %I %P %J %f %y %Y", "%%n", "%", "100% x %", "%ä%Z%é", "%h/%u\xff%"} {
		f.Add(text, "a@b-\\x2d.service")
	}
	f.Add("%I%f", `a@\x2.service`)
	f.Fuzz(func(t *testing.T, text, name string) {
		if _, ok := parseName(name); !ok {
			t.Skip()
		}
		u, err := Load(memTree{ConfigDir + "/" + name: "[Service]\n"}, name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := u.Expand(strings.ReplaceAll(text, "%", "%%")); err != nil || got != text {
			t.Fatalf("%q, doubled, expands to %q, %v", text, got, err)
		}
		got, err := u.Expand(text)
		if err == nil && !strings.Contains(text, "%") && got != text {
			t.Fatalf("%q expands to %q", text, got)
		}
		for _, c := range "nNpi" {
			want, _ := u.Expand("%" + string(c))
			if utf8.ValidString(text) && !strings.Contains(text, "%") {
				if got, err := u.Expand(text + "%" + string(c) + text); err != nil || got != text+want+text {
					t.Fatalf("%%%c in %q expands to %q, %v", c, text, got, err)
				}
			}
		}
	})
}
