// Package test tests the agent from outside: the laws that hold for every type
// of resource (laws_test.go), what a person types and sees (script_test.go), and
// the whole job on real nodes (node_*_test.go), which package boot starts.
package test

import (
	"bytes"
	"flag"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/makenotwork/mnw-agent/agent/cli"
)

var update = flag.Bool("update", false, "write what the sandbox shows into cases/")

// TestMain lets the test binary be the agent, when it is started under the
// agent's name. The manifests that the tests write are ones that no other user
// may write, whatever the umask of who runs them.
func TestMain(m *testing.M) {
	syscall.Umask(0o022)
	// Tests on nodes mostly wait: more of them than there are processors go on side
	// by side.
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.NumCPU())); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"mnw-agent": func() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// agentHere runs the agent in this process, and returns all that it says.
func agentHere(args ...string) (code int, said string) {
	var stdout, stderr bytes.Buffer
	code = cli.Main(args, &stdout, &stderr)
	return code, stdout.String() + stderr.String()
}
