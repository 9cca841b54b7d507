package node

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A command is a program to be started. It is killed with its children when
// its limit is over, and what only looks also when this program ends.
type command struct {
	argv   []string
	stdin  []byte
	env    []string // nothing is inherited
	limit  time.Duration
	chroot string
	as     *syscall.Credential
	acts   bool // it changes the node: once begun, it is left to finish
}

// programLimit is how long a program of the system's own may take that changes
// a node: useradd, crontab, and so on.
const programLimit = 60 * time.Second

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
	late    time.Duration // how long it took, when that is what killed it
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
	// What only looks is killed when the thread that started it ends. A thread that
	// is locked does not end.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	started, err := start(ctx, c)
	if err != nil {
		return "", err
	}
	return started.wait()
}

// A running is a program under way.
type running struct {
	command
	cmd    *exec.Cmd
	out    fmt.Stringer
	mark   mark
	began  time.Time
	ctx    context.Context
	cancel context.CancelFunc
}

// start starts a program. It is a separate step from waiting because a program
// takes its namespaces from the thread that starts it.
func start(ctx context.Context, c command) (*running, error) {
	program := c.argv[0]
	if c.chroot == "" {
		var err error
		if program, err = which(program); err != nil {
			return nil, err
		}
	}
	r := &running{command: c, mark: newMark(c.acts), began: time.Now()}
	r.ctx, r.cancel = context.WithTimeout(ctx, c.limit)
	cmd := exec.CommandContext(r.ctx, program, c.argv[1:]...)
	cmd.Env = append(append([]string{r.mark.variable()}, plainEnv...), c.env...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Chroot: c.chroot, Credential: c.as}
	cmd.Cancel = r.kill
	cmd.WaitDelay = time.Second
	if !c.acts {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	r.cmd = cmd
	keepFiles()
	done, err := r.connect()
	if err == nil {
		err = cmd.Start()
		done()
	}
	if err != nil {
		r.cancel()
		return nil, fmt.Errorf("%s: %w", programName(program), err)
	}
	return r, nil
}

// keepFiles keeps the files that whoever called this program has left open from the
// programs that it starts: a shell of root's may have a secret open. Kernels before 5.11
// cannot do that.
var keepFiles = sync.OnceFunc(func() { _ = unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) })

// kill ends the program with all that it has started, so that nothing holds its
// output open any longer. That something cannot be ended is told by wait.
func (r *running) kill() error {
	err := syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
	_ = r.mark.end()
	if errors.Is(err, unix.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// stuckLimit is how long a program that is killed may take to die. One that
// waits for a disk or a server that is gone may never die.
const stuckLimit = 10 * time.Second

// wait waits for the end of the program, and ends what it has left.
func (r *running) wait() (said string, err error) {
	defer r.cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	stuck := make(chan struct{})
	defer context.AfterFunc(r.ctx, func() { time.AfterFunc(stuckLimit, func() { close(stuck) }) })()
	select {
	case err = <-ended:
	case <-stuck:
		return "", fmt.Errorf("%s was still running after %s and cannot be killed", programName(r.cmd.Path), r.took())
	}
	said, err = r.conclude(err)
	if !r.acts || r.ctx.Err() != nil {
		if left := r.mark.end(); left != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", programName(r.cmd.Path), left))
		}
	}
	return said, err
}

// conclude tells how the program ended.
func (r *running) conclude(err error) (string, error) {
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
		failed.late = r.took()
	} else if r.ctx.Err() != nil {
		return said, r.ctx.Err()
	}
	return said, failed
}

// took is how long the program was let run: its limit, or less.
func (r *running) took() time.Duration {
	return min(r.limit, time.Since(r.began).Round(10*time.Millisecond))
}
