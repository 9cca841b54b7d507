package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestScripts runs what a person types, on sandboxes: each file in script/ holds
// one behaviour of the command line. Beside the commands of testscript it has
//
//	exits STATUS COMMAND…   runs a command that ends with just this status
//	document [SCHEMA]       the standard output is one JSON document and nothing
//	                        else, and passes the schema in a file
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "script",
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("there is no condition %s", name)
		},
		Setup: func(env *testscript.Env) error {
			return os.CopyFS(filepath.Join(env.WorkDir, "examples"), os.DirFS("../examples"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"document": document,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		status = exit.ExitCode()
	}
	if status != want {
		ts.Fatalf("it ends with %d, want %d", status, want)
	}
}

func document(ts *testscript.TestScript, neg bool, args []string) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile("stdout"))))
	var value any
	ts.Check(decoder.Decode(&value))
	if err := decoder.Decode(new(any)); err != io.EOF {
		ts.Fatalf("there is more than one document: %v", err)
	}
	if len(args) == 0 {
		return
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(ts.ReadFile(args[0]))))
	ts.Check(err)
	compiler := jsonschema.NewCompiler()
	ts.Check(compiler.AddResource("schema", schema))
	compiled, err := compiler.Compile("schema")
	ts.Check(err)
	ts.Check(compiled.Validate(value))
}
