package test

import (
	"embed"
	"os"
	"path"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// A testcase is a file in cases/, TYPE-what.txtar. Its comment says what it
// holds, and may have a line
//
//	only: node, REASON       (or sandbox)
//	needs: root              (it is about owners)
//
// The text in it that contains "canary" is secret. Its files are
//
//	before.sh      a script that makes the state before, below $ROOT
//	manifest.yaml  and what that takes in, beside it
//	plan           what `mnw-agent plan` shows, notes and summary left out
//	after          what then differs from the state before: see laws_after_test.go
//	after.sh       what else must hold after apply, below $ROOT
//	error          texts that the refusal holds, one a line; nothing changes then
type testcase struct {
	name  string
	file  *txtar.Archive
	only  string // node, sandbox or ""
	root  bool   // needs root
	error []string
}

//go:embed cases
var caseFiles embed.FS

func cases(t *testing.T) []*testcase {
	t.Helper()
	entries, err := caseFiles.ReadDir("cases")
	if err != nil {
		t.Fatal(err)
	}
	var all []*testcase
	for _, entry := range entries {
		text, err := caseFiles.ReadFile(path.Join("cases", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		c := &testcase{name: strings.TrimSuffix(entry.Name(), ".txtar"), file: txtar.Parse(text)}
		for line := range strings.Lines(string(c.file.Comment)) {
			switch key, value, _ := strings.Cut(strings.TrimSpace(line), ": "); key {
			case "only":
				c.only, _, _ = strings.Cut(value, ",")
			case "needs":
				c.root = value == "root"
			}
		}
		if text := strings.TrimSpace(c.section("error")); text != "" {
			c.error = strings.Split(text, "\n")
		}
		all = append(all, c)
	}
	return all
}

// fits says whether a case is for the tree at a root.
func (c *testcase) fits(root string) bool {
	switch c.only {
	case "node":
		return root == ""
	case "sandbox":
		return root != ""
	}
	return !c.root || os.Geteuid() == 0
}

func (c *testcase) section(name string) string {
	for _, f := range c.file.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func (c *testcase) has(name string) bool {
	for _, f := range c.file.Files {
		if f.Name == name {
			return true
		}
	}
	return false
}

// record puts what was seen into the file of the case.
func (c *testcase) record(t *testing.T, name, text string) {
	t.Helper()
	found := false
	for i := range c.file.Files {
		if c.file.Files[i].Name == name {
			c.file.Files[i].Data, found = []byte(text), true
		}
	}
	if !found {
		c.file.Files = append(c.file.Files, txtar.File{Name: name, Data: []byte(text)})
	}
	if err := os.WriteFile(path.Join("cases", c.name+".txtar"), txtar.Format(c.file), 0o644); err != nil {
		t.Fatal(err)
	}
}
