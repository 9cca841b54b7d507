package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// This file ends what a program has left running. It is killed with its process
// group; what has left the group, as daemons do, is known by its mark: a variable
// in the environment of the program, which all that it starts inherit.
//
// This does not hold against a program that wipes its environment, nor against
// one that starts others faster than all processes can be looked at. Neither is
// an attack: what runs here, root has named. Judges are also known by the root
// directory of their preview (see endAll).
//
// When this program itself is killed, the kernel kills those that it has started
// to look, but not what they have started. The next look for marks ends that.

// markName is the variable that holds a mark.
const markName = "MNW_AGENT_PROGRAM"

// A mark says what a program is for, which process has started it, and a random
// number: "looks.812.5577006791947779410".
type mark string

func newMark(acts bool) mark {
	purpose := "looks"
	if acts {
		purpose = "acts"
	}
	return mark(fmt.Sprintf("%s.%d.%d", purpose, os.Getpid(), rand.Uint64()))
}

func (k mark) variable() string { return markName + "=" + string(k) }

// end kills every process that bears the mark, or that of a program that looked
// for a process which is no more.
func (k mark) end() error {
	return endEach(func(pid int) (is, unsure bool) {
		other, unsure := markOf(pid)
		return other == k || other.stray() && samePIDs(pid), unsure
	})
}

// stray says whether the mark is that of a program that looked, for a process that
// is no more. One that acts is left to finish.
func (k mark) stray() bool {
	rest, looks := strings.CutPrefix(string(k), "looks.")
	digits, _, _ := strings.Cut(rest, ".")
	starter, err := strconv.Atoi(digits)
	return looks && err == nil && starter > 0 && errors.Is(unix.Kill(starter, 0), unix.ESRCH)
}

// samePIDs says whether a process numbers others as this program does: one in a
// container does not.
func samePIDs(pid int) bool {
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return false
	}
	its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	return err == nil && its == own
}

// markOf is the mark of a process, "" when it has none. It is unsure of one that
// has ended meanwhile, and may have started another one, and of one that is about
// to execute a program, whose environment is empty for a moment.
func markOf(pid int) (k mark, unsure bool) {
	environ, err := procOf(pid).try("environ")
	if err != nil {
		return "", errors.Is(err, fs.ErrNotExist) // ESRCH: a thread of the kernel, or a zombie
	}
	if len(environ) == 0 {
		_, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		return "", err == nil // so do older kernels answer for those
	}
	for variable := range bytes.SplitSeq(environ, []byte{0}) {
		if value, ok := bytes.CutPrefix(variable, []byte(markName+"=")); ok {
			return mark(value), false
		}
	}
	return "", false
}

// endLimit is how long it may take to end all processes of a kind: they may be
// many, and start others meanwhile.
const endLimit = 5 * time.Second

// endEach kills all processes of a kind, until none is left. When it was unsure of
// some it looks again, but not for ever: a process may have no environment.
func endEach(is func(pid int) (is, unsure bool)) error {
	const doubts = 3
	doubted := 0
	for began := time.Now(); time.Since(began) < endLimit; time.Sleep(time.Millisecond) {
		found, unsure, err := endOnce(is)
		switch {
		case err != nil:
			return err
		case found:
			doubted = 0
		case !unsure || doubted == doubts:
			return nil
		default:
			doubted++
		}
	}
	return errors.New("it has left processes that cannot be ended")
}

func endOnce(is func(pid int) (is, unsure bool)) (found, unsure bool, err error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return false, false, err
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	for _, name := range names {
		pid, notOne := strconv.Atoi(name)
		if notOne != nil || pid == os.Getpid() {
			continue
		}
		its, doubt := is(pid)
		unsure = unsure || doubt
		if its {
			found = true
			err = errors.Join(err, endIf(is, pid))
		}
	}
	return found, unsure, err
}

// endIf kills a process if it is of a kind. It is held by descriptor meanwhile, so
// that its number cannot pass to another.
func endIf(is func(pid int) (is, unsure bool), pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(fd)
	if its, _ := is(pid); !its {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	return nil
}
