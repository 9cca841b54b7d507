package node

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Processes is part of View. Those that live in another root which cannot be seen
// from here, such as a container's, are left out: their paths are not this node's.
func (l *Live) Processes() ([]Process, error) {
	if l.m.offline {
		return nil, ErrOffline
	}
	var all []Process
	for _, p := range procs() {
		if one, ok := p.look(); ok {
			all = append(all, one)
		}
	}
	return all, nil
}

// look tells all of a process. Threads of the kernel are none.
func (p proc) look() (Process, bool) {
	one := Process{PID: p.pid(), Root: named(p.link("root")), Cwd: named(p.link("cwd")), Exe: named(p.link("exe"))}
	_, err := os.Readlink(string(p) + "/root")
	one.Hidden = errors.Is(err, fs.ErrPermission)
	if elsewhere, _ := p.elsewhere(); elsewhere && one.Root == "/" {
		return one, false
	}
	one.Name, one.Args = p.name(), p.words("cmdline")
	if one.Exe == "" && len(one.Args) == 0 {
		return one, false
	}
	one.Env, one.Files, one.Maps = p.words("environ"), allNamed(p.files()), allNamed(p.maps())
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
