// Demo shows the agent's main job on a throwaway node: a real Debian that looks
// like a server set up by hand, before and after its manifest was applied.
// Without root it shows the same manifest on a directory.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A stage is where the demo plays: it runs the agent and answers with its exit
// status.
type stage interface {
	agent(args ...string) (status int, err error)
	look(command string) error
}

// A scene is one command, and the exit status that it must end with.
type scene struct {
	say    string
	verb   string
	status int
}

var play = []scene{
	{"What would change? Nothing is written yet; the judges rule on the whole plan.", "plan", 2},
	{"Make it so.", "apply", 0},
	{"Again: there is nothing left to do.", "apply", 0},
	{"Was it a mistake? All of it is taken back, and the old server answers again.", "rollback", 0},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := demo(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context) error {
	if err := boot.Available(); err != nil {
		fmt.Printf("No node can boot here (%v): this is the same manifest on a directory.\n", err)
		fmt.Println("Nothing runs there, owners are left alone, and the judges are not asked.")
		return onSandbox()
	}
	fmt.Println("Booting a Debian node (the first time, its image is made: half a minute) …")
	c, err := boot.Start(ctx, boot.Hostname("alpha-west-1"))
	if err != nil {
		return err
	}
	defer c.Stop()
	for _, set := range []func() error{
		func() error { return boot.Server(c) },
		func() error { return boot.Release(c, "0.9.5") },
		func() error { return c.Put(os.DirFS("examples"), "/root/examples") },
	} {
		if err := set(); err != nil {
			return err
		}
	}
	return perform(&realNode{ctx, c})
}

func perform(on stage) error {
	health := "curl -sS http://127.0.0.1:3000/api/health"
	if err := on.look(health); err != nil {
		return err
	}
	for _, s := range play {
		fmt.Printf("\n# %s\n", s.say)
		status, err := on.agent(s.verb)
		if err != nil {
			return err
		}
		if status != s.status {
			return fmt.Errorf("%s ended with status %d, not %d", s.verb, status, s.status)
		}
	}
	return on.look(health)
}

// realNode is a booted Debian.
type realNode struct {
	ctx context.Context
	*boot.Container
}

func (n *realNode) agent(verb ...string) (int, error) {
	if err := n.InstallAgent(); err != nil {
		return 0, err
	}
	typed := append([]string{"mnw-agent"}, about(verb, "examples/mnw/manifest.yaml")...)
	args := append(about(verb, "/root/examples/mnw/manifest.yaml"), colour())
	return show(n.Command(n.ctx, append([]string{"mnw-agent"}, args...)...), strings.Join(typed, " "))
}

// about is a verb with the manifest that it is about; a roll-back is about a run.
func about(verb []string, manifest string) []string {
	if verb[0] == "rollback" {
		return verb
	}
	return append(slices.Clone(verb), manifest)
}

func (n *realNode) look(command string) error {
	status, err := show(n.Command(n.ctx, "sh", "-c", command), command)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s ended with status %d", command, status)
	}
	return err
}

// sandbox is a directory that looks like the server's disk.
type sandbox struct{ dir, program string }

func onSandbox() error {
	dir, err := os.MkdirTemp("", "mnw-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, program := filepath.Join(dir, "root"), filepath.Join(dir, "mnw-agent")
	for _, command := range []*exec.Cmd{
		exec.Command("sh", "test/demo/sandbox.sh", root),
		exec.Command("go", "build", "-o", program, "./agent/mnw-agent"),
	} {
		command.Stderr = os.Stderr
		if err := command.Run(); err != nil {
			return err
		}
	}
	return perform(sandbox{root, program})
}

func (s sandbox) agent(verb ...string) (int, error) {
	args := append(about(verb, "examples/mnw/manifest.yaml"), colour(), "--root", s.dir)
	return show(exec.Command(s.program, args...), "mnw-agent "+strings.Join(about(verb, "examples/mnw/manifest.yaml"), " ")+" --root DIRECTORY")
}

func (sandbox) look(string) error { return nil }

// show runs a command in the reader's sight, as if it had been typed.
func show(cmd *exec.Cmd, typed string) (status int, err error) {
	fmt.Printf("$ %s\n", typed)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	fmt.Println()
	if _, ended := err.(*exec.ExitError); ended {
		err = nil
	}
	return cmd.ProcessState.ExitCode(), err
}

// colour asks for colour when this program's own output is a terminal.
func colour() string {
	if info, err := os.Stdout.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return "--color=always"
	}
	return "--color=never"
}
