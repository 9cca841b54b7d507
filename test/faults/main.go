// Faults runs a program and strikes at one of its system calls: it kills the
// program just before the call, or has the call fail. The calls of all threads of
// the program are counted together, which strace(1) does not do; those of the
// programs that it starts are not counted.
//
//	faults -nth 7 -calls write -path /var/lib/mnw-agent/journal/ -- mnw-agent apply m.yaml
//	faults -nth 7 -errno ENOSPC -- mnw-agent apply m.yaml
//
// It ends as the program does, or with 137 when it has killed it. The last line
// on its standard error says whether it has struck, and where.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	t := tracer{entered: map[int]call{}}
	flag.IntVar(&t.nth, "nth", 1, "which of the calls is struck")
	calls := flag.String("calls", strings.Join(writing, ","), "the calls that count")
	flag.StringVar(&t.path, "path", "/", "a call with a descriptor counts if that is of a file whose path begins so")
	errno := flag.String("errno", "", "fail the call with this error; without it the program is killed")
	flag.BoolVar(&t.trace, "trace", false, "tell every call that counts, and strike none")
	flag.Parse()
	t.calls = map[uint64]string{}
	for _, name := range strings.Split(*calls, ",") {
		number, ok := numbers[name]
		if !ok {
			fatal(fmt.Errorf("no number is known for the call %s", name))
		}
		t.calls[number] = name
	}
	if *errno != "" {
		if t.errno = errnos[*errno]; t.errno == 0 {
			fatal(fmt.Errorf("no number is known for the error %s", *errno))
		}
	}
	code, err := t.run(flag.Args())
	if err != nil {
		fatal(err)
	}
	if t.struck == "" {
		fmt.Fprintf(os.Stderr, "faults: not struck: there were %d such calls\n", t.count)
	} else {
		fmt.Fprintf(os.Stderr, "faults: struck: %s\n", t.struck)
	}
	os.Exit(code)
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "faults:", err)
	os.Exit(125)
}

// A tracer follows the threads of one program.
type tracer struct {
	nth   int
	calls map[uint64]string // by number
	path  string
	errno unix.Errno // 0: kill
	trace bool

	pid     int
	count   int
	struck  string       // the call that was struck
	entered map[int]call // by thread
}

// A call is one that a thread is in.
type call struct{ fail bool }

// run runs the program to its end and returns its exit status.
func (t *tracer) run(argv []string) (int, error) {
	runtime.LockOSThread() // only the thread that traces may
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	t.pid = cmd.Process.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(t.pid, &status, unix.WALL, nil); err != nil {
		return 0, err
	}
	const options = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.pid, options); err != nil {
		return 0, err
	}
	if err := unix.PtraceSyscall(t.pid, 0); err != nil {
		return 0, err
	}
	return t.follow()
}

func (t *tracer) follow() (int, error) {
	const syscallStop = unix.SIGTRAP | 0x80
	for {
		var status unix.WaitStatus
		thread, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case status.Exited() && thread == t.pid:
			return status.ExitStatus(), nil
		case status.Signaled() && thread == t.pid:
			return 128 + int(status.Signal()), nil
		case !status.Stopped():
			continue
		}
		deliver := 0
		switch stop := status.StopSignal(); {
		case stop == syscallStop:
			if err := t.at(thread); err != nil && err != unix.ESRCH {
				return 0, err
			}
		case stop == unix.SIGTRAP, stop == unix.SIGSTOP: // a new thread
		default:
			deliver = int(stop)
		}
		if err := unix.PtraceSyscall(thread, deliver); err != nil && err != unix.ESRCH {
			return 0, err
		}
	}
}

// at looks at a thread that is at the beginning or at the end of a call.
func (t *tracer) at(thread int) error {
	var regs unix.PtraceRegsAmd64
	if err := unix.PtraceGetRegsAmd64(thread, &regs); err != nil {
		return err
	}
	if in, ok := t.entered[thread]; ok {
		delete(t.entered, thread)
		if !in.fail {
			return nil
		}
		regs.Rax = uint64(-int64(t.errno))
		return unix.PtraceSetRegsAmd64(thread, &regs)
	}
	t.entered[thread] = call{}
	name, counts := t.calls[regs.Orig_rax]
	if !counts {
		return nil
	}
	what, counts := t.describe(name, &regs)
	if !counts {
		return nil
	}
	if t.trace {
		fmt.Fprintln(os.Stderr, "faults:", what)
		return nil
	}
	if t.count++; t.count != t.nth {
		return nil
	}
	t.struck = what
	if t.errno == 0 {
		return unix.Kill(t.pid, unix.SIGKILL)
	}
	t.entered[thread] = call{fail: true}
	regs.Orig_rax = ^uint64(0) // there is no such call
	return unix.PtraceSetRegsAmd64(thread, &regs)
}

// describe tells a call, and says whether it counts.
func (t *tracer) describe(name string, regs *unix.PtraceRegsAmd64) (string, bool) {
	if name == "openat" && regs.Rdx&(unix.O_CREAT|unix.O_TMPFILE&^unix.O_DIRECTORY) == 0 {
		return "", false
	}
	file, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.pid, int32(regs.Rdi)))
	if err != nil { // a path of its own
		return name, t.path == "/"
	}
	return name + " on " + file, strings.HasPrefix(file, t.path) && !strings.HasPrefix(file, "/dev/")
}

// writing is the calls that write to a node.
var writing = []string{"write", "pwrite64", "openat", "mkdirat", "renameat", "renameat2", "linkat", "symlinkat", "unlinkat", "fchmod", "fchown",
	"fchownat", "utimensat", "fsync", "syncfs", "fsetxattr", "ftruncate", "mknodat"}

var numbers = map[string]uint64{
	"write": unix.SYS_WRITE, "pwrite64": unix.SYS_PWRITE64, "openat": unix.SYS_OPENAT, "mkdirat": unix.SYS_MKDIRAT,
	"renameat": unix.SYS_RENAMEAT, "renameat2": unix.SYS_RENAMEAT2, "linkat": unix.SYS_LINKAT, "symlinkat": unix.SYS_SYMLINKAT, "unlinkat": unix.SYS_UNLINKAT,
	"fchmod": unix.SYS_FCHMOD, "fchown": unix.SYS_FCHOWN, "fchownat": unix.SYS_FCHOWNAT, "utimensat": unix.SYS_UTIMENSAT,
	"fsync": unix.SYS_FSYNC, "syncfs": unix.SYS_SYNCFS, "fsetxattr": unix.SYS_FSETXATTR, "ftruncate": unix.SYS_FTRUNCATE,
	"mknodat": unix.SYS_MKNODAT,
}

var errnos = map[string]unix.Errno{"ENOSPC": unix.ENOSPC, "EIO": unix.EIO, "EROFS": unix.EROFS}
