package boot

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

const module = "github.com/makenotwork/mnw-agent/"

// AgentPath is where the agent is inside a node.
const AgentPath = "/usr/local/bin/mnw-agent"

// Agent runs the agent that this source makes inside the node, where it is put
// first when it is not there yet.
func (c *Container) Agent(args ...string) (Result, error) {
	if err := c.InstallAgent(); err != nil {
		return Result{}, err
	}
	return c.Run(append([]string{AgentPath}, args...)...)
}

// InstallAgent puts the agent into the node at AgentPath, once.
func (c *Container) InstallAgent() error { return c.installAgent() }

// Install puts a program of this module, made in one of its directories, into the
// node at a path.
func (c *Container) Install(dir, path string) error { return c.install(dir, path) }

// install builds the program in a directory of this module and writes it to
// path inside the node.
func (c *Container) install(dir, path string, linkFlags ...string) error {
	binary, err := program(dir, linkFlags...)
	if err != nil {
		return err
	}
	return c.WriteFile(path, string(binary), 0o755, "root:root")
}

var programs sync.Map // what to build to how

// program returns the static executable made of a directory of this module. It
// is built once per process.
func program(dir string, linkFlags ...string) ([]byte, error) {
	flags := strings.Join(linkFlags, " ")
	build := sync.OnceValues(func() ([]byte, error) { return buildProgram(dir, flags) })
	known, _ := programs.LoadOrStore(dir+" "+flags, build)
	return known.(func() ([]byte, error))()
}

func buildProgram(dir, linkFlags string) ([]byte, error) {
	place, err := os.MkdirTemp("", "mnw-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(place)
	output := filepath.Join(place, "program")
	build := exec.Command("go", "build", "-ldflags="+linkFlags, "-o", output, module+dir)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", dir, err, out)
	}
	return os.ReadFile(output)
}
