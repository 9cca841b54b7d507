package test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/makenotwork/mnw-agent/"

// may says which of the project's packages each one may import, and why.
var may = []struct {
	pkg     string
	imports []string
	why     string
}{
	{"resources/node", nil, "the machine knows nothing of what is managed on it"},
	{"resources/envfile", nil, "a format is text, not files"},
	{"resources/crontab", nil, "a format is text, not files"},
	{"resources/authkeys", nil, "a format is text, not files"},
	{"resources/unitfile", nil, "a format is text, not files"},
	{"resources/sudoers", nil, "a format is text, not files"},
	{"resources/gitrepo", nil, "a format is text, not a machine"},
	{"resources", []string{"resources/node", "resources/envfile", "resources/crontab", "resources/authkeys", "resources/unitfile", "resources/sudoers", "resources/gitrepo"},
		"a type looks at a node and edits formats; it knows no manifest and no engine"},
	{"manifests", []string{"resources", "resources/node"}, "the language yields resources; it does not run them"},
	{"agent/journal", []string{"resources/node"}, "the journal keeps changes; what they are for is the engine's"},
	{"agent", []string{"agent/journal", "manifests", "resources", "resources/node"}, "the engine serves any type, so it names none"},
	{"agent/metrics", []string{"agent", "resources", "resources/node"}, "the metrics are made of a status, and of the lists of what it can say"},
	{"agent/serve", []string{"agent", "manifests"}, "the loop makes runs of the engine and shows what they leave; it types nothing"},
	{"agent/service", []string{"manifests", "resources", "resources/unitfile"}, "the agent's own units are declared like any other; the engine makes them"},
	{"agent/cli", []string{"agent", "agent/metrics", "agent/serve", "agent/service", "manifests", "resources", "resources/node"}, "the command line calls the engine"},
	{"agent/mnw-agent", []string{"agent/cli"}, "main is a dozen lines"},
}

func TestImportsPointOneWay(t *testing.T) {
	known := map[string]bool{}
	for _, rule := range may {
		known[rule.pkg] = true
		for name, file := range sources(t, rule.pkg) {
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				imported, ours := strings.CutPrefix(path, module)
				if ours && !slices.Contains(rule.imports, imported) {
					t.Errorf("%s imports %s, which %s must not: %s", name, imported, rule.pkg, rule.why)
				}
			}
		}
	}
	for _, pkg := range packages(t, "agent", "resources", "manifests") {
		if !known[pkg] {
			t.Errorf("package %s stands in no rule: say what it may import, and why", pkg)
		}
	}
}

// TestOnlyTheMachineActs holds that nothing but resources/node writes to a
// machine or starts a program. The agent's own state is the engine's.
func TestOnlyTheMachineActs(t *testing.T) {
	acts := []string{"WriteFile", "Create", "CreateTemp", "OpenFile", "Mkdir", "MkdirAll", "MkdirTemp", "Remove", "RemoveAll",
		"Rename", "Symlink", "Link", "Chmod", "Chown", "Lchown", "Chtimes", "Truncate", "StartProcess", "OpenRoot"}
	own := map[string]string{
		"agent/lock.go":         "the state directory and its lock",
		"agent/keep.go":         "the report and the hold, in the state directory",
		"agent/scratch.go":      "a scratch directory below the state directory",
		"agent/metrics/file.go": "the metrics file, where --metrics-file says",
		"agent/metrics/dir.go":  "opens its directory, to write there",
		"manifests/files.go":    "opens manifests, to read them",
	}
	for _, pkg := range packages(t, "agent", "resources", "manifests") {
		if pkg == "resources/node" || pkg == "agent/journal" { // the journal lies in the state directory
			continue
		}
		for name, file := range sources(t, pkg) {
			for _, spec := range file.Imports {
				switch spec.Path.Value {
				case `"os/exec"`:
					t.Errorf("%s imports os/exec: only resources/node runs programs", name)
				case `"github.com/google/renameio/v2"`:
					if own[name] == "" {
						t.Errorf("%s imports renameio: only resources/node acts on the machine", name)
					}
				}
			}
			for _, call := range calls(file, "os", acts...) {
				if own[name] == "" {
					t.Errorf("%s calls os.%s: only resources/node acts on the machine", name, call)
				}
			}
		}
	}
}

// TestOneFilePrints holds that one file of the command line writes for people.
func TestOneFilePrints(t *testing.T) {
	printing := map[string]bool{}
	for _, pkg := range packages(t, "agent", "resources", "manifests") {
		for name, file := range sources(t, pkg) {
			if len(calls(file, "fmt", "Print", "Printf", "Println", "Fprint", "Fprintf", "Fprintln")) > 0 && !buildsText(file) {
				printing[name] = true
			}
		}
	}
	if len(printing) > 1 {
		t.Errorf("several files print: %v", printing)
	}
}

// buildsText says whether a file prints into a strings.Builder alone.
func buildsText(file *ast.File) bool {
	builders, outputs := false, false
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok {
			builders = builders || pkg.Name == "strings" && sel.Sel.Name == "Builder" || pkg.Name == "bytes" && sel.Sel.Name == "Buffer"
			outputs = outputs || pkg.Name == "os" && (sel.Sel.Name == "Stdout" || sel.Sel.Name == "Stderr") ||
				pkg.Name == "io" && sel.Sel.Name == "Writer"
		}
		return true
	})
	return builders && !outputs
}

// calls is the names of a package's functions that a file calls.
func calls(file *ast.File, pkg string, names ...string) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == pkg && x.Obj == nil && slices.Contains(names, sel.Sel.Name) {
				found = append(found, sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

// sources is the parsed files of a package, tests aside, by path.
func sources(t *testing.T, pkg string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", pkg, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("package %s has no files: %v", pkg, err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join(pkg, filepath.Base(name))] = file
	}
	return files
}

// packages is the folders below some roots that hold Go files.
func packages(t *testing.T, roots ...string) []string {
	t.Helper()
	var found []string
	for _, root := range roots {
		err := filepath.WalkDir(filepath.Join("..", root), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() != "testdata" {
				if names, _ := filepath.Glob(filepath.Join(path, "*.go")); len(names) > 0 {
					pkg, _ := filepath.Rel("..", path)
					found = append(found, pkg)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
