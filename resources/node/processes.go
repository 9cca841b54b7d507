package node

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unsafe"
)

// Processes is part of View. Those that live in another root which cannot be seen
// from here, such as a container's, are left out: their paths are not this node's.
func (l *Live) Processes() ([]Process, error) {
	if l.m.offline {
		return nil, ErrOffline
	}
	var all []Process
	kept := 0
	for _, p := range procs() {
		one, ok := p.look()
		if !ok {
			continue
		}
		if size := one.size(); kept+size > keptOfProcesses {
			one.Files, one.Maps, one.Args, one.Env, one.Cut = nil, nil, nil, nil, true
		} else {
			kept += size
		}
		all = append(all, one)
	}
	return all, nil
}

// keptOfProcesses is how much is kept of what all processes have open and were given. It
// is a hundredth of that as a rule, but everybody can start some that map a million files.
const keptOfProcesses = 64 << 20

// size is how much is kept of a process.
func (p Process) size() int {
	n := 0
	for _, texts := range [][]string{p.Files, p.Maps, p.Args, p.Env} {
		for _, text := range texts {
			n += len(text) + int(unsafe.Sizeof(text))
		}
	}
	return n
}

// look tells all of a process. Threads of the kernel are none.
func (p proc) look() (Process, bool) {
	one := Process{PID: p.pid(), Root: named(p.link("root")), Cwd: named(p.link("cwd")), Exe: named(p.link("exe"))}
	_, err := os.Readlink(string(p) + "/root")
	one.Hidden = errors.Is(err, fs.ErrPermission)
	if elsewhere, _ := p.elsewhere(); elsewhere && one.Root == "/" {
		return one, false
	}
	args, env, maps := p.read("cmdline"), p.read("environ"), p.read("maps")
	one.Name = p.name()
	if one.Cut = len(args) == mostOfProcess || len(env) == mostOfProcess || len(maps) == mostOfProcess; one.Cut {
		return one, true
	}
	one.Args = wordsIn(args)
	if one.Exe == "" && len(one.Args) == 0 {
		return one, false
	}
	one.Env, one.Files, one.Maps = wordsIn(env), allNamed(p.files()), allNamed(mapsIn(maps))
	return one, true
}

// named is a path also of what has no name there any more.
func named(path string) string { return strings.TrimSuffix(path, deletedSuffix) }

func allNamed(paths []string) []string {
	for i := range paths {
		paths[i] = named(paths[i])
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
