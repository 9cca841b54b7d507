package node

import (
	"path"
	"strings"
)

// This file is what a TreeMove makes of a future: what lay at a path, and all below
// it, is seen at another one.

// layMove moves what is seen at from to to, with the owner and mode of top.
func (f *Future) layMove(from, to string, top State) {
	from, to = f.resolve(path.Dir(from), from), f.resolve(path.Dir(to), to)
	state, _ := f.at(from)
	state.Owner, state.Group, state.Mode = top.Owner, top.Group, top.Mode
	origin, was := f.source(from), f.paths[from]
	_, known := f.paths[from]
	f.rekey(from, to)
	f.layPath(from, State{}, true, false)
	f.layPath(to, state, true, false)
	state.CTime = f.Now()
	f.paths[to] = laid{state, was.fresh, !known || was.kept}
	if f.moved == nil {
		f.moved = map[string]string{}
	}
	delete(f.moved, from)
	f.moved[to] = origin
}

// rekey gives what is laid below one path its place below another.
func (f *Future) rekey(from, to string) {
	at := func(name string) (string, bool) {
		rest, below := strings.CutPrefix(name, from+"/")
		return to + "/" + rest, below
	}
	move(f.paths, at)
	move(f.stirred, at)
	move(f.above, at)
	move(f.moved, at)
	move(f.names, at)
	if names, ok := f.names[from]; ok {
		f.names[to] = names
		delete(f.names, from)
	}
	f.dirs = map[string]string{}
}

// move gives the keys for which there is another one that.
func move[T any](all map[string]T, to func(string) (string, bool)) {
	moved := map[string]T{}
	for name, value := range all {
		if next, ok := to(name); ok {
			moved[next] = value
			delete(all, name)
		}
	}
	for name, value := range moved {
		all[name] = value
	}
}

// source is where the view below the future has what is seen at a resolved path.
func (f *Future) source(resolved string) string {
	if len(f.moved) == 0 {
		return resolved
	}
	for at := resolved; at != "/"; at = path.Dir(at) {
		if origin, ok := f.moved[at]; ok {
			return origin + resolved[len(at):]
		}
	}
	return resolved
}
