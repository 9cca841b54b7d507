package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// onSandbox plays on a directory that looks like the server's disk.
func onSandbox(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "mnw-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, command := range []*exec.Cmd{
		exec.CommandContext(ctx, "sh", "test/demo/sandbox.sh", filepath.Join(dir, "server")),
		exec.CommandContext(ctx, "cp", "-R", "examples", dir),
		exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "mnw-agent"), "./agent/mnw-agent"),
	} {
		command.Stderr = os.Stderr
		if err := command.Run(); err != nil {
			return err
		}
	}
	typing := func(typed string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "sh", "-c", typed)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		return cmd
	}
	return perform(typing, []scene{
		{say: "What would change? Nothing is written yet.", typed: "mnw-agent plan --root server examples/mnw/manifest.yaml", status: 2},
		{say: "Make it so.", typed: "mnw-agent apply --root server examples/mnw/manifest.yaml"},
		{say: "Again: there is nothing left to do.", typed: "mnw-agent apply --root server examples/mnw/manifest.yaml"},
		{say: "Was it a mistake? All of it is taken back.", typed: "mnw-agent rollback --root server"},
	})
}
