package manifests

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/makenotwork/mnw-agent/resources"
)

var update = flag.Bool("update", false, "write what is found into testdata")

// TestBad holds each manifest of testdata/bad to the exact errors that follow it.
func TestBad(t *testing.T) { testBad(t, "testdata/bad/*.txtar", things) }

// TestBadResources does it for manifests of the real types.
func TestBadResources(t *testing.T) { testBad(t, "testdata/bad/all/*.txtar", resources.All) }

func testBad(t *testing.T, pattern string, types []resources.Type) {
	archives, err := filepath.Glob(pattern)
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			manifest, want := archive.Files[i], &archive.Files[i+1]
			t.Run(filepath.Base(name)+"/"+manifest.Name, func(t *testing.T) {
				got := complaints(t, manifest.Data, types)
				if *update {
					want.Data = []byte(got + "\n")
				} else if wanted := strings.TrimSpace(string(want.Data)); got != wanted {
					t.Errorf("got\n%s\nwant\n%s", got, wanted)
				}
			})
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// complaints is what is wrong with a manifest, beside which is a template.
func complaints(t *testing.T, text []byte, types []resources.Type) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("page.tmpl", []byte("a\n{{.vars.nothing}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("files", 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Parse("m.yaml", text, Options{Types: types, Facts: facts})
	if err == nil {
		t.Fatal("the manifest is accepted")
	}
	return strings.TrimSpace(err.Error())
}

func facts() map[string]string { return map[string]string{"hostname": "web1", "arch": "amd64"} }
