package resources

import (
	"iter"
	"path"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A step is one on the way to a path: a directory, a symlink, or the end.
type step struct {
	path  string     // without symlinks above it
	state node.State // what lies there, without content
	above node.State // the directory that it lies in
	rest  []string   // what is still to go
}

// last says whether the step is the end of the way, unless it is a symlink.
func (s step) last() bool { return len(s.rest) == 0 }

// maxLinks is how many symlinks a way may lead through, as in Linux.
const maxLinks = 40

// steps goes to a path as the kernel does: from the root on, one step at a time,
// each symlink and then where it leads. It ends at the path, where nothing lies,
// at a symlink too many, or with an error.
func steps(v node.View, to string) iter.Seq2[step, error] {
	return func(yield func(step, error) bool) {
		s := step{rest: parts(to)}
		at, next := "/", ""
		for links := 0; ; {
			s.path = path.Join(at, next)
			var err error
			s.state, err = look(v, s.path)
			if !yield(s, err) || err != nil || s.state.Kind == node.Absent {
				return
			}
			if s.state.Kind != node.Symlink {
				at, s.above = s.path, s.state
			} else {
				if links++; links > maxLinks {
					return
				}
				s.rest = append(parts(s.state.Target), s.rest...)
				if path.IsAbs(s.state.Target) {
					at, next = "/", ""
					continue
				}
			}
			if s.last() {
				return
			}
			next, s.rest = s.rest[0], s.rest[1:]
		}
	}
}

// look is what lies at a path, without the content that a planned file has.
func look(v node.View, at string) (node.State, error) {
	state, err := v.Lstat(at)
	state.Content = nil
	return state, err
}

// glob is the files that a pattern in the last step of a path stands for, as
// glob(7) has it. The error is that of its directory.
func glob(v node.View, pattern string) ([]string, error) {
	dir, last := path.Split(pattern)
	names, err := v.ReadDir(path.Clean(dir))
	var files []string
	for _, name := range names {
		if ok, _ := path.Match(last, name); ok {
			files = append(files, path.Join(dir, name))
		}
	}
	return files, err
}

// parts is the names that a path is made of.
func parts(of string) []string {
	return strings.FieldsFunc(of, func(r rune) bool { return r == '/' })
}

// follow is what is at the end of the symlinks at a path, with its path without
// any. Of links that lead to each other it is one of them.
func follow(v node.View, at string) (end string, state node.State) {
	var s step
	for s = range steps(v, at) {
	}
	if s.last() {
		state = s.state
	}
	return path.Join(append([]string{s.path}, s.rest...)...), state
}
