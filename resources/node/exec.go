package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A command is a program to be started. It is killed with its children when
// its limit is over.
type command struct {
	argv   []string
	stdin  []byte
	env    []string // nothing is inherited
	limit  time.Duration
	chroot string
	as     *syscall.Credential
	bound  bool // killed when the thread that started it ends
}

// programLimit is how long a program of the system's own may take that changes
// a node: useradd, crontab, and so on.
const programLimit = 60 * time.Second

// outputLimit is how much of what a program says is kept.
const outputLimit = 64 << 10

// plainEnv is the environment that programs get: nothing of the caller's.
var plainEnv = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LANG=C.UTF-8",
	"HOME=/root",
}

// A commandError is a program that ended badly, with what it said.
type commandError struct {
	program string
	code    int    // -1 when it was killed
	end     string // how it ended: "exit status 1", "signal: killed"
	said    string
	late    time.Duration // its limit, when that is what killed it
}

func (e *commandError) Error() string {
	said := strings.TrimSpace(e.said)
	switch {
	case e.late > 0 && said == "":
		return fmt.Sprintf("%s was still running after %s and was killed", e.program, e.late)
	case e.late > 0:
		return fmt.Sprintf("%s was still running after %s and was killed: %s", e.program, e.late, said)
	case said == "":
		return fmt.Sprintf("%s: %s", e.program, e.end)
	case e.code < 0:
		return fmt.Sprintf("%s: %s: %s", e.program, e.end, said)
	case strings.HasPrefix(said, e.program+":"):
		return said
	}
	return fmt.Sprintf("%s: %s", e.program, said)
}

// run runs a program to its end and returns what it wrote on both outputs
// together. A bad end is a *commandError.
func run(ctx context.Context, c command) (said string, err error) {
	started, err := start(ctx, c)
	if err != nil {
		return "", err
	}
	return started.wait()
}

// A running is a program under way.
type running struct {
	cmd    *exec.Cmd
	out    *tail
	cancel context.CancelFunc
	limit  time.Duration
	ctx    context.Context
}

// start starts a program. It is a separate step from waiting because a program
// takes its namespaces from the thread that starts it.
func start(ctx context.Context, c command) (*running, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	out := &tail{}
	program := c.argv[0]
	if c.chroot == "" {
		var err error
		if program, err = which(program); err != nil {
			cancel()
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, program, c.argv[1:]...)
	cmd.Env = append(append([]string{}, plainEnv...), c.env...)
	cmd.Dir = "/"
	cmd.Stdin = bytes.NewReader(c.stdin)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Chroot: c.chroot, Credential: c.as}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if c.bound {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("%s: %w", programName(program), err)
	}
	return &running{cmd: cmd, out: out, cancel: cancel, limit: c.limit, ctx: ctx}, nil
}

func (r *running) wait() (string, error) {
	defer r.cancel()
	err := r.cmd.Wait()
	said := r.out.String()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // the latter: a child holds its output open
		return said, nil
	}
	failed := &commandError{program: programName(r.cmd.Args[0]), code: -1, end: err.Error(), said: said}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		failed.code = exit.ExitCode()
	}
	if errors.Is(r.ctx.Err(), context.DeadlineExceeded) {
		failed.late = r.limit
	} else if r.ctx.Err() != nil {
		return said, r.ctx.Err()
	}
	return said, failed
}

func programName(argv0 string) string { return argv0[strings.LastIndexByte(argv0, '/')+1:] }

// programDirs is where root's programs are.
var programDirs = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// which finds a program as root's PATH would, whatever PATH the caller has.
func which(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range programDirs {
		if unix.Access(dir+"/"+name, unix.X_OK) == nil {
			return dir + "/" + name, nil
		}
	}
	return "", fmt.Errorf("%s: there is no such program on this node: install the package %s", name, cmp.Or(packages[name], "passwd"))
}

// packages bring the programs that change a node; passwd brings all others, those
// for users and groups.
var packages = map[string]string{"crontab": "cron", "journalctl": "systemd"}

// A tail keeps the end of what is written to it.
type tail struct{ buf []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - outputLimit; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.buf) }
