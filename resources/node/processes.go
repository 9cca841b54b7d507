package node

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Processes is part of View. Those that live in another root which cannot be seen
// from here, such as a container's, are left out: their paths are not this node's.
func (l *Live) Processes() ([]Process, error) {
	if l.m.offline {
		return nil, ErrOffline
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	here, err := os.Stat("/")
	if err != nil {
		return nil, err
	}
	var all []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if p, ok := readProcess(pid, here); ok {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Process) int { return cmp.Compare(a.PID, b.PID) })
	return all, nil
}

// readProcess looks at a process, which may end at any moment. Threads of the
// kernel are none.
func readProcess(pid int, here os.FileInfo) (Process, bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	p := Process{PID: pid, Root: leadsTo(dir + "/root"), Cwd: leadsTo(dir + "/cwd"), Exe: leadsTo(dir + "/exe")}
	_, err := os.Readlink(dir + "/root")
	p.Hidden = errors.Is(err, fs.ErrPermission)
	if root, err := os.Stat(dir + "/root"); err == nil && !os.SameFile(root, here) && p.Root == "/" {
		return p, false
	}
	name, _ := os.ReadFile(dir + "/comm")
	p.Name = strings.Trim(string(name), "\n")
	p.Args = nulEnded(dir + "/cmdline")
	if p.Exe == "" && len(p.Args) == 0 {
		return p, false
	}
	p.Env = nulEnded(dir + "/environ")
	p.Files = openFiles(dir + "/fd")
	p.Maps = mapped(dir + "/maps")
	return p, true
}

// leadsTo is the path that a link of proc(5) tells, also of what has no name there
// any more; "" when it tells none.
func leadsTo(link string) string {
	target, err := os.Readlink(link)
	if err != nil || !strings.HasPrefix(target, "/") {
		return ""
	}
	return strings.TrimSuffix(target, " (deleted)")
}

func nulEnded(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

func openFiles(dir string) []string {
	links, _ := filepath.Glob(dir + "/*")
	var files []string
	for _, link := range links {
		if at := leadsTo(link); at != "" {
			files = append(files, at)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// mapped is the files in a table of proc_pid_maps(5).
func mapped(table string) []string {
	text, _ := os.ReadFile(table)
	var files []string
	for line := range bytes.Lines(text) {
		at := bytes.IndexByte(line, '/')
		if at < 0 {
			continue
		}
		files = append(files, strings.TrimSuffix(strings.TrimSuffix(string(line[at:]), "\n"), " (deleted)"))
	}
	slices.Sort(files)
	return slices.Compact(files)
}
