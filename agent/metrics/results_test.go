package metrics_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
)

// results is all results that package agent knows.
func results(t *testing.T) []agent.Result {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../report.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []agent.Result
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Result" {
			text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			found = append(found, agent.Result(text))
		}
		return true
	})
	if len(found) < 8 {
		t.Fatalf("package agent has results that are not found: %v", found)
	}
	return found
}
