package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// push.sh has somebody push a commit to the server, and says where it is then.
//
//go:embed push.sh
var push string

// onNode plays the cutover on a node that boots for it.
func onNode(ctx context.Context) error {
	fmt.Println("Booting a Debian node (the first time, its image is made: half a minute) …")
	node, err := boot.Start(ctx, boot.Hostname("alpha-west-1"))
	if err != nil {
		return err
	}
	defer node.Stop()
	for _, set := range []func() error{
		func() error { return boot.Server(node) },
		func() error { return boot.Release(node, "0.9.5") },
		func() error { return node.Put(os.DirFS("examples"), "/root/examples") },
		func() error { return node.WriteFile("/root/push", push, 0o755) },
		func() error { return node.Install("test/client", "/usr/local/bin/client") },
		node.InstallAgent,
	} {
		if err := set(); err != nil {
			return err
		}
	}
	typing := func(typed string) *exec.Cmd {
		return node.Command(ctx, "env", "--chdir=/root", "bash", "-o", "pipefail", "-c", typed)
	}
	return perform(typing, cutover(node))
}

// cutover is the story: the server moves, somebody asks and pushes meanwhile, and
// what could have gone wrong does.
func cutover(node *boot.Container) []scene {
	const (
		health = "curl -sS http://127.0.0.1:3000/api/health"
		apply  = "mnw-agent apply examples/mnw/cutover.yaml"
	)
	ill := func() error { return boot.IllRelease(node, "0.9.5") }
	return []scene{
		{say: "A server that was set up by hand. It answers, and takes a push.", typed: health},
		{typed: "./push"},
		{say: "What would the cutover change? Nothing is written yet, and the judges rule on all of it.",
			typed: `mnw-agent plan examples/mnw/cutover.yaml | grep -v '^    [ @+-]'     # without the diffs`, status: 2},
		{say: "Make it so, while somebody asks the server every 10 ms.",
			typed: "client http://127.0.0.1:3000/api/health >heard &"},
		{before: pause, typed: apply},
		{say: "For how long was the server away for the one who asked? In seconds:",
			before: pause, typed: "pkill client; sleep 0.2; cat heard"},
		{typed: health},
		{typed: "./push"},
		{say: "Again: there is nothing left to do.", typed: apply},
		{say: "May the old directory go? Not while anything refers to it.",
			typed: "mnw-agent apply examples/mnw/cleanup.yaml", status: 1},
		{say: "Was it a mistake? All of it is taken back, and what was pushed since comes along.",
			typed: "mnw-agent rollback | tail -1"},
		{typed: health},
		{typed: "./push"},
		{say: "And if the new release is ill? Then the same apply takes itself back.",
			before: ill, typed: "sed -i 's/within: 30s/within: 5s/' examples/mnw/cutover.yaml     # 30 s are long to watch"},
		{typed: apply, status: 3},
		{typed: health},
		{typed: "./push"},
	}
}

// pause lets somebody ask a few times.
func pause() error {
	time.Sleep(300 * time.Millisecond)
	return nil
}
