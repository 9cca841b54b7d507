package node

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// This file reads proc(5). A process may end at any moment: then nothing is told of it.

// A proc is the directory of a process.
type proc string

// procs is the processes of the system but this one, by number.
func procs() []proc {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var all []proc
	for _, dir := range dirs {
		if p := proc(dir); p.pid() != os.Getpid() {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b proc) int { return cmp.Compare(a.pid(), b.pid()) })
	return all
}

// procOf is the process with a number.
func procOf(pid int) proc { return proc(fmt.Sprintf("/proc/%d", pid)) }

func (p proc) pid() int {
	pid, _ := strconv.Atoi(filepath.Base(string(p)))
	return pid
}

// mostOfProcess is how much is read of a file in proc(5). The kernel lets no process begin
// with half as much, but each may have it look elsewhere for its arguments and environment,
// PR_SET_MM(2const), and call gigabytes so.
const mostOfProcess = 16 << 20

func (p proc) read(name string) []byte {
	text, _ := p.try(name)
	return text
}

// try reads a file as far as mostOfProcess.
func (p proc) try(name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(string(p), name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, mostOfProcess))
}

// name is the name of its program, shortened by the kernel.
func (p proc) name() string { return strings.Trim(string(p.read("comm")), "\n") }

// wordsIn is a list of texts that end in NUL: cmdline, environ.
func wordsIn(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// command is its command line, shortened.
func (p proc) command() string {
	const longest = 60
	text := strings.Join(strings.FieldsFunc(string(p.read("cmdline")), func(r rune) bool { return r == 0 || r == '\n' }), " ")
	if text == "" {
		text = p.name()
	}
	if short := []rune(text); len(short) > longest {
		text = string(short[:longest]) + "…"
	}
	return text
}

// uids is the numbers of the users that it runs as: real, effective, saved, for files.
func (p proc) uids() []int {
	var uids []int
	for line := range bytes.Lines(p.read("status")) {
		if f := strings.Fields(string(line)); len(f) == 5 && f[0] == "Uid:" {
			for _, number := range f[1:] {
				uid, _ := strconv.Atoi(number)
				uids = append(uids, uid)
			}
		}
	}
	return uids
}

// elsewhere says whether its root is another directory than this program's. It is not
// known when it may not be looked at.
func (p proc) elsewhere() (elsewhere, known bool) {
	here, err := os.Stat("/")
	if err != nil {
		return false, false
	}
	root, err := os.Stat(string(p) + "/root")
	return err == nil && !os.SameFile(root, here), err == nil
}

// deletedSuffix is what the kernel puts behind a path that is no longer that of what it names.
const deletedSuffix = " (deleted)"

// link is where a link leads, with deletedSuffix behind it as the case may be; "" for what is
// no path.
func (p proc) link(name string) string {
	target, err := os.Readlink(filepath.Join(string(p), name))
	if err != nil || !strings.HasPrefix(target, "/") {
		return ""
	}
	return target
}

// files is the paths of what it has open, as link tells them.
func (p proc) files() []string {
	links, _ := filepath.Glob(string(p) + "/fd/*")
	var files []string
	for _, link := range links {
		if at := p.link("fd/" + filepath.Base(link)); at != "" {
			files = append(files, at)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// maps is the paths of what it has mapped.
func (p proc) maps() []string { return mapsIn(p.read("maps")) }

// mapsIn is the paths in a proc_pid_maps(5), as link tells them.
func mapsIn(text []byte) []string {
	var files []string
	for line := range bytes.Lines(text) {
		if at := bytes.IndexByte(line, '/'); at >= 0 {
			files = append(files, strings.TrimSuffix(string(line[at:]), "\n"))
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// unit is the service of the system that it is part of, by its control group.
func (p proc) unit() string {
	for line := range strings.Lines(string(p.read("cgroup"))) {
		_, group, ok := strings.Cut(strings.TrimSpace(line), "::")
		if !ok {
			continue
		}
		for _, part := range strings.Split(group, "/") {
			if strings.HasSuffix(part, ".service") && !strings.HasPrefix(part, "user@") {
				return part
			}
			if strings.HasSuffix(part, ".scope") || strings.HasPrefix(part, "user") {
				return ""
			}
		}
	}
	return ""
}

// manager is the unit of systemd's own processes for a user, which have a control group
// to themselves; "" for any other process.
func (p proc) manager() string {
	for line := range strings.Lines(string(p.read("cgroup"))) {
		above, ok := strings.CutSuffix(strings.TrimSpace(line), ".service/init.scope")
		if unit := filepath.Base(above); ok && strings.HasPrefix(unit, "user@") {
			return unit + ".service"
		}
	}
	return ""
}

// age is how long it has been there, by proc_pid_stat(5).
func (p proc) age() time.Duration {
	const started, perSecond = 22, 100 // the field, and the clock that it is told by
	text := p.read("stat")
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the third on
	var now unix.Timespec
	if len(fields) <= started-3 || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	ticks, _ := strconv.ParseInt(fields[started-3], 10, 64)
	return time.Duration(now.Nano()) - time.Duration(ticks)*time.Second/perSecond
}
