package manifests

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"
)

// FuzzParse holds that no text makes the loader panic or linger, that an error
// lies inside the text, and that what is accepted survives encoding.
func FuzzParse(f *testing.F) {
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i += 2 {
			f.Add(archive.Files[i].Data)
		}
	}
	f.Add([]byte("version: 1\nvars: {a: b}\nfiles: {/a: {<<: &x {mode: 0644}}, /b: {<<: *x, content: |2-\n  x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		start := time.Now()
		m, err := Parse("m.yaml", text, Options{Types: things, Facts: facts})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		for _, e := range Errors(err) {
			insideText(t, text, e)
		}
		if err == nil {
			sameAgain(t, decoded(t, text))
			if len(m.Digest) != 64 {
				t.Error(m.Digest)
			}
		}
		weighsEnough(t, text)
	})
}

// FuzzParseAll is FuzzParse for the types that there are, on what people write.
func FuzzParseAll(f *testing.F) {
	for _, pattern := range []string{"../examples/*.yaml", "../test/cases/*.txtar"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			f.Fatal(pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range txtar.Parse(text).Files {
				if filepath.Ext(file.Name) == ".yaml" {
					f.Add(file.Data)
				}
			}
			if filepath.Ext(name) == ".yaml" {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse("m.yaml", text, Options{Facts: facts})
		for _, e := range Errors(err) {
			if e.Line > 0 {
				insideText(t, text, e)
			}
		}
		if err != nil {
			return
		}
		written, err := Encode(m.Entries)
		check(t, err)
		again, err := Parse("m.yaml", written, Options{Facts: facts})
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		twice, err := Encode(again.Entries)
		check(t, err)
		if !bytes.Equal(twice, written) {
			t.Fatalf("%s\nis read and written as\n%s", written, twice)
		}
	})
}

// insideText fails when an error is about a place that is not there. The end of
// the text counts as one.
func insideText(t *testing.T, text []byte, e *Error) {
	t.Helper()
	lines := bytes.Split(bytes.TrimPrefix(text, []byte("\uFEFF")), []byte("\n"))
	if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > utf8.RuneCount(lines[e.Line-1])+1 {
		t.Errorf("%v: there is no such place", e)
	}
}

// weighsEnough fails when a text has more nodes than its weight promises.
func weighsEnough(t *testing.T, text []byte) {
	t.Helper()
	l := newLoader("m.yaml", Options{Types: things})
	if !l.readable(text) {
		return
	}
	first, _, _ := documents(text)
	if nodes := countNodes(first); nodes > weight(text) {
		t.Errorf("%d nodes weigh %d", nodes, weight(text))
	}
}

func countNodes(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	count := 1
	for _, child := range n.Content {
		count += countNodes(child)
	}
	return count
}
