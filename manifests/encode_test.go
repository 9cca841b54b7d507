package manifests

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/makenotwork/mnw-agent/resources"
)

// decoded is what a manifest and its encoding have in common: all but places
// and what was loaded.
func decoded(t *testing.T, text []byte) []Entry {
	t.Helper()
	m, err := Parse("m.yaml", text, Options{Types: things, Facts: facts})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for i := range m.Entries {
		e := &m.Entries[i]
		e.Pos = Pos{}
		for j := range e.After {
			e.After[j].Pos = Pos{}
		}
	}
	return m.Entries
}

func sameAgain(t *testing.T, first []Entry) {
	t.Helper()
	text, err := encode(first, things)
	check(t, err)
	unexported := cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains([]string{".bytes", ".loaded", ".Comments"}, p.Last().String())
	}, cmp.Ignore())
	if diff := cmp.Diff(first, decoded(t, text), unexported, cmp.AllowUnexported(file{}, unit{}, resources.Text{})); diff != "" {
		t.Errorf("%s\n%s", diff, text)
	}
}

func TestEncode(t *testing.T) {
	sameAgain(t, decoded(t, []byte(`version: 1
vars: {x: 1}
files:
  /a: {content: "$${vars.x} ${vars.x} ${HOME}\n", mode: 4755, owner: root}
  /b: {content: "", audit: true, after: ["file:/a", "job:max"], state: absent}
  /c: {template: "{{.facts.arch}} $${facts.arch}"}
units:
  u: {enabled: false, weight: 0, limit: 90s, tries: 7, on_change: reload}
  v:
jobs:
  max:
    env: {A: "null", B: "true", C: "0644", D: "~", E: "<<", F: "y"}
    runs: {x: {command: "a\nb\n", users: [max, root]}, "<<": {command: x}}
    steps: [{}]
`)))
}

// FuzzEncode holds that any text survives encoding, or is refused when it is none.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{"", " ", "\n", "a\n", "a\n\n", "\n a", "a \n", "\ta\n", "a\r\n", "${vars.x}", "$${facts.x}", "- a", "#", "\u2028", "\u0085", "\uFEFF", "a: b", "'", `"`, "\\", "\uFFFD", "\uFFFE", "\xff", "a\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries := []Entry{{
			ID:       resources.ID{Type: "job", Name: "max"},
			Resource: &job{User: "max", Runs: map[string]run{"x": {Command: "x" + text}}, Env: map[envName]string{"A": text}},
			Comments: []string{text, "x" + text},
		}}
		if utf8.ValidString(text) && !strings.Contains(text, "\x00") {
			sameAgain(t, entries)
		} else if _, err := encode(entries, things); err == nil {
			t.Errorf("%q is no text, and was written", text)
		}
	})
}
