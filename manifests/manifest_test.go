package manifests

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-multierror"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// parse is a manifest that must be right.
func parse(t *testing.T, text string) *Manifest {
	t.Helper()
	m, err := Parse("dir/m.yaml", []byte(text), Options{Types: things, Facts: facts})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// only is the one resource of a manifest.
func only[T any](t *testing.T, text string) T {
	t.Helper()
	m := parse(t, text)
	if len(m.Entries) != 1 {
		t.Fatalf("want one entry, got %v", m.Entries)
	}
	return m.Entries[0].Resource.(T)
}

func TestEntries(t *testing.T) {
	m := parse(t, `version: 1
units:
  b.service:
  a.service: {after: ["file:/etc/b", 'unit:b.service'], audit: true}
files:
  /etc/b: {}
  /etc/a: {content: hello}
`)
	if m.Path != "dir/m.yaml" {
		t.Error(m.Path)
	}
	var got []string
	for _, e := range m.Entries {
		line := fmt.Sprintf("%s %s %v", e.Pos, e.ID, e.Audit)
		for _, ref := range e.After {
			line += fmt.Sprintf(" after %s (%s)", ref.ID, ref.Pos)
		}
		got = append(got, line)
	}
	want := []string{
		"dir/m.yaml:7:3 file:/etc/a false",
		"dir/m.yaml:6:3 file:/etc/b false",
		"dir/m.yaml:4:3 unit:a.service true after file:/etc/b (dir/m.yaml:4:23) after unit:b.service (dir/m.yaml:4:38)",
		"dir/m.yaml:3:3 unit:b.service false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNothingToManage(t *testing.T) {
	for _, text := range []string{
		"version: 1", "version: 1\n", "---\nversion: 1\n...\n", "version: 1\nfiles:\nunits: {}\n", "{version: 1}",
		"\uFEFFversion: 1\n", "version: \"1\"\r\nfiles:\r\n", "# why\nversion: 1 # and what\n",
	} {
		if m := parse(t, text); len(m.Entries) != 0 {
			t.Errorf("%q: %v", text, m.Entries)
		}
	}
}

func TestValues(t *testing.T) {
	u := only[*unit](t, "version: 1\nunits: {a: {enabled: false, limit: 1m30s, tries: -3, weight: \"255\", on_change: reload}}")
	if *u.Enabled || u.Limit != 90*time.Second || u.Tries != -3 || *u.Weight != 255 || u.OnChange != "reload" || u.Name != "a" {
		t.Errorf("%+v", u)
	}
	if u := only[*unit](t, "version: 1\nunits: {a: }"); u.Enabled != nil || u.Weight != nil {
		t.Errorf("%+v", u)
	}
	for _, written := range []string{"0644", `"0644"`, "'644'", "644", "0o644", "${vars.mode}", "!", "|-\n      0644"} {
		f := only[*file](t, "version: 1\nvars: {mode: 0644}\nfiles:\n  /a:\n    mode: "+strings.Replace(written, "!", "! 0644", 1)+"\n")
		if *f.Mode != 0o644 {
			t.Errorf("%s: %v", written, f.Mode)
		}
	}
	for written, want := range map[string]string{
		"3000": "3000", "0644": "0644", "1.50": "1.50", "true": "true", "yes": "yes", "2026-01-02": "2026-01-02",
		`"null"`: "null", "''": "", "0x1F": "0x1F", "1e3": "1e3", "=": "=", "a b": "a b", `"\u0041\n"`: "A\n",
	} {
		j := only[*job](t, "version: 1\njobs: {max: {env: {KEY: "+written+"}}}")
		if got := j.Env["KEY"]; got != want {
			t.Errorf("%s: got %q, want %q", written, got, want)
		}
	}
	j := only[*job](t, "version: 1\njobs: {max: {steps: [{command: a}, {command: b, users: [root, max]}], runs: {}}}")
	if want := []run{{Command: "a"}, {Command: "b", Users: []resources.UserName{"root", "max"}}}; !cmp.Equal(j.Steps, want) || j.Runs == nil {
		t.Errorf("%+v", j)
	}
}

func TestExpansion(t *testing.T) {
	const heading = `version: 1
vars: {old: "/opt/${vars.name}", name: mnw, n: 3, host: "${facts.hostname}", empty: "", text: "$${vars.x}", dollar: $}
`
	for written, want := range map[string]string{
		"${vars.old}/x":                          "/opt/mnw/x",
		"a${vars.name}b${vars.n}c":               "amnwb3c",
		"${facts.arch} ${vars.host}":             "amd64 web1",
		"${vars.empty}":                          "",
		"${HOME} $HOME ${vars} ${x.y} $$ ${} ${": "${HOME} $HOME ${vars} ${x.y} $$ ${} ${",
		"$${vars.old}":                           "${vars.old}",
		"$$${vars.old}":                          "$${vars.old}",
		"$${facts.nothing}":                      "${facts.nothing}",
		"$${vars. ${VARS.x}":                     "${vars. ${VARS.x}",
		"$${HOME}":                               "$${HOME}",
		"${vars.text}":                           "${vars.x}",
		"${vars.dollar}{vars.name}":              "${vars.name}",
	} {
		j := only[*job](t, heading+"jobs: {max: {env: {KEY: '"+written+"'}}}")
		if got := j.Env["KEY"]; got != want {
			t.Errorf("%s: got %q, want %q", written, got, want)
		}
	}
	m := parse(t, heading+"files: {'${vars.old}': {}}\nlinks: {/l: {target: x, after: ['file:${vars.old}']}}\njobs: {'${vars.name}': {env: {'K': '${vars.n}'}}}")
	if m.Entries[0].ID.Name != "/opt/mnw" || m.Entries[0].Resource.(*file).Path != "/opt/mnw" || m.Entries[1].ID.Name != "mnw" {
		t.Errorf("%+v", m.Entries)
	}
	if m.Vars["old"] != "/opt/mnw" || m.Vars["text"] != "${vars.x}" || len(m.Vars) != 7 {
		t.Errorf("%v", m.Vars)
	}
}

func TestFactsAreAskedForOnce(t *testing.T) {
	for text, want := range map[string]int{
		"version: 1\nfiles: {/a: {content: '$${facts.x}', template: ''}}":                     0,
		"version: 1\nfiles: {/a: {content: '${facts.arch}'}, /b: {content: '${facts.arch}'}}": 1,
		"version: 1\nfiles: {/a: {template: '{{.vars}}'}}":                                    0,
		"version: 1\nfiles: {/a: {template: '{{.facts.arch}}'}}":                              1,
	} {
		asked := 0
		_, err := Parse("m.yaml", []byte(text), Options{Types: things, Facts: func() map[string]string { asked++; return facts() }})
		if err != nil || asked != want {
			t.Errorf("%s: asked %d times, %v", text, asked, err)
		}
	}
}

func TestAliases(t *testing.T) {
	m := parse(t, `version: 1
files:
  /a: &a {mode: 0600, owner: max}
  /b: *a
  /c: {<<: *a, owner: root}
  /d: {group: root, <<: [{mode: 0640}, *a]}
  /e: {<<: {<<: *a, mode: 0400}}
vars: {x: &x "${vars.y}", y: z, w: *x}
jobs:
  max: {env: {A: *x, B: &b "$${vars.y}", C: *b}}
links: &links
  /l: {target: x}
`)
	var got []string
	for _, e := range m.Entries {
		if f, ok := e.Resource.(*file); ok {
			got = append(got, fmt.Sprintf("%s %s %s %s", f.Path, f.Owner, f.Group, f.Mode))
		}
	}
	want := []string{"/a max  0600", "/b max  0600", "/c root  0600", "/d max root 0640", "/e max  0400"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	env := m.Entries[5].Resource.(*job).Env
	if want := map[envName]string{"A": "z", "B": "${vars.y}", "C": "${vars.y}"}; !cmp.Equal(env, want) || m.Vars["w"] != "z" {
		t.Errorf("%v %v", env, m.Vars)
	}
}

func TestSources(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "page.tmpl", "{{.vars.color}} on {{.facts.arch}}\n", 0o600)
	write(t, "bytes", "\x00\xff", 0o600)
	const text = `version: 1
vars: {color: red}
files:
  /a: {source: bytes}
  /b: {source: bytes}
  /c: {template: page.tmpl}
  /d: {template: "{{.vars.color}}"}
  /e: {content: ""}
`
	load := func() *Manifest {
		m, err := Parse("m.yaml", []byte(text), Options{Types: things, Facts: facts})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := load()
	s := &sources{dir: "."}
	if a, _ := s.Read("bytes"); string(a.Bytes()) != "\x00\xff" {
		t.Errorf("%q", a.Bytes())
	}
	if first, _ := s.Read("bytes"); first != must(s.Read("bytes")) {
		t.Error("a file is read twice")
	}
	if m.Digest != load().Digest {
		t.Error("the digest differs from one time to the next")
	}
	write(t, "page.tmpl", "{{.vars.color}}\n", 0o600)
	if m.Digest == load().Digest {
		t.Error("the digest does not show that a template has changed")
	}
	sum := sha256.Sum256([]byte("version: 1\n"))
	if m := parse(t, "version: 1\n"); m.Digest != hex.EncodeToString(sum[:]) {
		t.Error("the digest of a manifest alone is not that of its text")
	}
}

func TestErrors(t *testing.T) {
	_, err := Parse("m.yaml", []byte("version: 1\nfiles:\n  /a: {x: 1}\n  /a: {}\n"), Options{Types: things})
	want := []*Error{
		{"m.yaml", 3, 8, `unknown field "x"`},
		{"m.yaml", 4, 3, `duplicate key "/a": the first is in line 3`},
	}
	for _, err := range []error{err, fmt.Errorf("wrapped: %w", err), errors.Join(err), multierror.Append(nil, err)} {
		if diff := cmp.Diff(want, Errors(err)); diff != "" {
			t.Error(diff)
		}
	}
	if errs := Errors(errors.New("other")); errs != nil {
		t.Error(errs)
	}
}

func TestManyErrors(t *testing.T) {
	_, err := Parse("m.yaml", fmt.Appendf(nil, "version: 1\n%s", strings.Repeat("x: 1\n", 5000)), Options{Types: things})
	errs := Errors(err)
	if len(errs) != problemLimit+1 || errs[problemLimit].Error() != "m.yaml: and 4000 more errors" {
		t.Error(len(errs), errs[len(errs)-1])
	}
}

// TestText is what testdata cannot hold: bytes that are no text.
func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\nfiles: \xff{}":                           `m.yaml:2:8: this is not UTF-8: save the file in that encoding`,
		"\xff\xfev\x00":                                       "m.yaml:1:1: this is not UTF-8: save the file in that encoding\nm.yaml:1:2: this is not UTF-8: save the file in that encoding\nm.yaml:1:4: control characters are not allowed: write an escape in double quotes, or put the text into a file (source)",
		"version: 1\nvars: {a: \x1b}":                         `m.yaml:2:11: control characters are not allowed: write an escape in double quotes, or put the text into a file (source)`,
		"version: 1\nvars: {é: a\u2028b}":                     `m.yaml:2:12: this character is invisible and not allowed: write an escape in double quotes`,
		"version: 1\nvars: {a: \uFEFF}":                       `m.yaml:2:11: this character is invisible and not allowed: write an escape in double quotes`,
		"\uFEFFversion: 1\nx: 1":                              `m.yaml:2:1: unknown section "x"`,
		"\uFEFFversion: 2":                                    `m.yaml:1:10: this program reads manifests of version 1: write "version: 1"`,
		"version: 1\r\nx: 1\r\n\ty: 1":                        `m.yaml:3:1: a line is indented with spaces, not with a tab`,
		"version: 1\rx: 1":                                    `m.yaml:1:11: a line ends with a carriage return alone: save the file with line feeds`,
		"version: 1\n# " + strings.Repeat("x", manifestLimit): `m.yaml: it is larger than 4 MiB`,
		"version: 1\nfiles: {" + strings.Repeat("a,", valueLimit/2) + "}\n": `m.yaml: there are more than 400000 values in it: split it, or put large texts into files of their own (source)`,
	} {
		if _, err := Parse("m.yaml", []byte(text), Options{Types: things}); err == nil || err.Error() != want {
			t.Errorf("%.40q: got\n%v\nwant\n%s", text, err, want)
		}
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func must(c *node.Content, err error) *node.Content {
	if err != nil {
		panic(err)
	}
	return c
}
