package node

import (
	"maps"
	"path"
	"strings"
)

// This file is what a TreeSync makes of a future: what lies below a path is seen below
// another one as well.

// layCopy shows what is seen at from at to, too.
func (f *Future) layCopy(from, to string) {
	from, to = f.resolve(path.Dir(from), from), f.resolve(path.Dir(to), to)
	state, _ := f.at(from)
	origin, was := f.source(from), f.paths[from]
	_, known := f.paths[from]
	f.layPath(to, state, true, false)
	state.CTime = f.Now()
	f.paths[to] = laid{state, was.fresh, !known || was.kept}
	also(f.paths, from, to)
	also(f.stirred, from, to)
	also(f.above, from, to)
	also(f.names, from, to)
	also(f.moved, from, to)
	if names, ok := f.names[from]; ok {
		f.names[to] = names
	}
	if f.moved == nil {
		f.moved = map[string]string{}
	}
	f.moved[to] = origin
	f.dirs = map[string]string{}
}

// also gives what is kept of paths below one also to those below another.
func also[T any](all map[string]T, from, to string) {
	for name, value := range maps.Clone(all) {
		if below, ok := strings.CutPrefix(name, from+"/"); ok {
			all[to+"/"+below] = value
		}
	}
}
