package test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Comments before a package clause, which say where to read what, name files that are
// there.
func TestPackageCommentsNameFiles(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`[a-z0-9_*]+\.go\b`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		for _, name := range named.FindAllString(file.Doc.Text(), -1) {
			if found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), name)); found == nil {
				t.Errorf("%s names %s, which is not there", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The README's picture of the house has each folder with Go files in it, down to the
// second floor, and no folder that is not there.
func TestReadmeHouse(t *testing.T) {
	t.Parallel()
	_, house, _ := strings.Cut(readme(t), "## The house\n\n```\n")
	house, _, _ = strings.Cut(house, "```\n")
	drawn, top := map[string]bool{}, ""
	for line := range strings.Lines(house) {
		folders := regexp.MustCompile(`^ *(?:[a-z-]+/ )*[a-z-]+/`).FindString(line)
		inner := strings.HasPrefix(line, " ")
		for _, folder := range strings.Fields(folders) {
			path := folder
			if inner {
				path = top + folder
			} else {
				top = folder
			}
			drawn[strings.TrimSuffix(path, "/")] = true
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("the house has no %s", path)
			}
		}
	}
	for _, folder := range packages(t, "agent", "resources", "manifests", "test") {
		if strings.Count(folder, "/") < 2 && !drawn[folder] {
			t.Errorf("the README's picture of the house lacks %s", folder)
		}
	}
}
