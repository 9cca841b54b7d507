package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// runLimit ends a command that hangs, long before the test binary's own limit.
const runLimit = 6 * time.Minute

// A Result is what a command wrote and how it ended. The code of a command
// that a signal ended is 128 and the signal's number, as in a shell.
type Result struct {
	Stdout, Stderr string
	Code           int
}

func (r Result) String() string {
	return fmt.Sprintf("exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
}

// enter starts a command of the node in a control group, which is the first
// argument; the others are for nsenter.
const enter = `echo $$ >"$1/cgroup.procs" && shift && exec nsenter "$@"`

// Command is a command inside the node, not yet started: as root, in /, with
// the environment of a plain root shell and nothing of this process's own.
// When ctx ends, the command is killed together with its children, and none of
// them is left when Wait returns.
func (c *Container) Command(ctx context.Context, argv ...string) *exec.Cmd {
	group, err := os.MkdirTemp(filepath.Join(c.cgroup, "payload"), "command-")
	args := []string{"-c", enter, "enter", group, "--target", strconv.Itoa(c.leader),
		"--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--"}
	cmd := exec.CommandContext(ctx, "sh", append(args, argv...)...)
	cmd.Err = errors.Join(cmd.Err, err)
	cmd.Env = []string{"PATH=" + searchPath, "HOME=/root", "USER=root", "LOGNAME=root",
		"SHELL=/bin/sh", "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error {
		cmd.Process.Kill() // which may not have joined the group yet
		return killGroup(group)
	}
	cmd.WaitDelay = time.Second
	return cmd
}

// killGroup kills every process in a control group and waits until none is
// left.
func killGroup(group string) error {
	if err := os.WriteFile(filepath.Join(group, "cgroup.kill"), []byte("1"), 0); err != nil {
		return err
	}
	for range 1000 {
		events, err := os.ReadFile(filepath.Join(group, "cgroup.events"))
		if err != nil || bytes.Contains(events, []byte("populated 0")) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("%s: processes do not end", group)
}

// Run runs a command inside the node. A command that fails is a Result, no
// error.
func (c *Container) Run(argv ...string) (Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	defer cancel()
	result, err := capture(c.Command(ctx, argv...))
	if ctx.Err() != nil {
		err = fmt.Errorf("%s: not done after %s\n%s", strings.Join(argv, " "), runLimit, result)
	}
	return result, err
}

// Sh runs a script by the node's /bin/sh, which stops at the first command
// that fails.
func (c *Container) Sh(script string) (Result, error) { return c.Run("sh", "-euc", script) }

// Do runs a command that has to succeed.
func (c *Container) Do(argv ...string) error {
	result, err := c.Run(argv...)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("%s: %s", strings.Join(argv, " "), result)
	}
	return err
}

// capture runs cmd and tells a command that failed from one that could not be
// run.
func capture(cmd *exec.Cmd) (Result, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	result := Result{Stdout: stdout.String(), Stderr: stderr.String()}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return result, err
	}
	result.Code = exit.ExitCode()
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		result.Code = 128 + int(status.Signal())
	}
	return result, nil
}
