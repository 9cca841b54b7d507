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
	"unsafe"

	"golang.org/x/sys/unix"
)

// The main thread is the one that traces, and the one that becomes the program.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) > 2 && os.Args[1] == filtered {
		fatal(become(os.Args[2:]))
	}
	t := tracer{ours: map[int]bool{}}
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
	code, err := t.run(append([]string{filtered, *calls}, flag.Args()...))
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

// A tracer follows one program, and what that starts: it hears of the calls that
// count alone (seccomp(2)), whoever makes them.
type tracer struct {
	nth   int
	calls map[uint64]string // by number
	path  string
	errno unix.Errno // 0: kill
	trace bool

	pid    int
	code   int
	count  int
	struck string       // the call that was struck
	ours   map[int]bool // which threads are the program's
}

// run runs the program to its end, and to that of all that it has started, and returns
// its exit status.
func (t *tracer) run(argv []string) (int, error) {
	cmd := exec.Command("/proc/self/exe", argv...)
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
	const options = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.pid, options); err != nil {
		return 0, err
	}
	if err := unix.PtraceCont(t.pid, 0); err != nil {
		return 0, err
	}
	err := t.follow()
	return t.code, err
}

func (t *tracer) follow() error {
	for {
		var status unix.WaitStatus
		thread, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECHILD:
			return nil
		case err != nil:
			return err
		case !status.Stopped():
			t.ended(thread, status)
			continue
		}
		deliver := 0
		switch stop := status.StopSignal(); {
		case stop == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
			if err := t.at(thread); err != nil && err != unix.ESRCH {
				return err
			}
		case stop == unix.SIGTRAP, stop == unix.SIGSTOP: // a new thread or process
		default:
			deliver = int(stop)
		}
		if err := unix.PtraceCont(thread, deliver); err != nil && err != unix.ESRCH {
			return err
		}
	}
}

// ended notes how the program has ended.
func (t *tracer) ended(thread int, status unix.WaitStatus) {
	delete(t.ours, thread)
	if thread == t.pid {
		if t.code = status.ExitStatus(); status.Signaled() {
			t.code = 128 + int(status.Signal())
		}
	}
}

// isOurs says whether a thread is one of the program itself.
func (t *tracer) isOurs(thread int) bool {
	is, known := t.ours[thread]
	if !known {
		_, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", t.pid, thread))
		is = err == nil
		t.ours[thread] = is
	}
	return is
}

// at looks at a thread that is about to make a call, and strikes if it is the one.
func (t *tracer) at(thread int) error {
	if !t.isOurs(thread) {
		return nil
	}
	var regs unix.PtraceRegsAmd64
	if err := unix.PtraceGetRegsAmd64(thread, &regs); err != nil {
		return err
	}
	what, counts := t.describe(t.calls[regs.Orig_rax], &regs)
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
	regs.Orig_rax = ^uint64(0) // there is no such call
	regs.Rax = uint64(-int64(t.errno))
	return unix.PtraceSetRegsAmd64(thread, &regs)
}

// filtered begins the arguments of this program where it is to become another one.
const filtered = "filtered"

// become becomes a program, argv[1:], of which a tracer hears of the calls in argv[0]
// alone. So do all that it starts, which must have a tracer, too.
func become(argv []string) error {
	names := strings.Split(argv[0], ",")
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the number of the call
	for i, name := range names {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(names) - i), K: uint32(numbers[name])})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW}, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_TRACE})
	program, err := exec.LookPath(argv[1])
	if err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog))); errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return unix.Exec(program, argv[1:], os.Environ())
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
