// Demo plays the cutover of a server on a throwaway node: a real Debian that was set
// up by hand, moved to a new layout by one apply while somebody uses it, and back.
// Without root it shows a manifest of the same server on a directory.
//
// The README's first page is what this prints.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A scene is one command, typed in the reader's sight.
type scene struct {
	say    string       // what it is about, "" when it goes on with the last one
	before func() error // what happens out of sight
	typed  string
	status int // it must end with
}

// A stage has a command ready to be run there.
type stage func(typed string) *exec.Cmd

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
		fmt.Printf("No node can boot here (%v): this is a manifest of the same server on a directory.\n", err)
		fmt.Println("Nothing runs there, owners are left alone, and the judges are not asked.")
		return onSandbox(ctx)
	}
	return onNode(ctx)
}

// perform plays scenes on a stage until one does not end as it must.
func perform(on stage, play []scene) error {
	for _, s := range play {
		if s.say != "" {
			fmt.Printf("\n# %s\n", s.say)
		}
		if s.before != nil {
			if err := s.before(); err != nil {
				return err
			}
		}
		fmt.Printf("$ %s\n", s.typed)
		cmd := on(s.typed)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		err := cmd.Run()
		if cmd.ProcessState == nil {
			return err
		}
		if status := cmd.ProcessState.ExitCode(); status != s.status {
			return fmt.Errorf("%s ended with status %d, not %d", s.typed, status, s.status)
		}
	}
	return nil
}
