package resources

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/sudoers"
)

// A lint looks at what a drop-in grants: at what its own grants give, and at what
// others give through its aliases.
type lint struct {
	*Sudoers
	*policy
	refusals []string
	remarks  []string
	absent   []Path       // what is refused as missing
	gained   []escalation // what is refused as gained
}

func (s *Sudoers) lint(v node.View) *lint {
	l := &lint{Sudoers: s}
	if s.Departs() || sudoless(v) { // of the latter visudo's absence tells
		return l
	}
	l.policy = readPolicy(v, s.path())
	for g, spec := range l.granted() {
		if err := l.command(g, spec); err != nil {
			l.remark("%s:%d: %s is not examined: %w", spec.Command.File, spec.Command.Line, spec.Command.Path, err)
		}
	}
	return l
}

// granted yields the commands with a path that the drop-in has its part in
// granting on this host.
func (l *lint) granted() func(yield func(sudoers.Grant, sudoers.Spec) bool) {
	return func(yield func(sudoers.Grant, sudoers.Spec) bool) {
		for _, g := range l.Grants {
			if !l.here(g) {
				continue
			}
			for _, spec := range l.Granted(g) {
				ours := g.File == l.path() || spec.Command.File == l.path()
				if ours && spec.Command.Kind == sudoers.Program && !l.elsewhere(spec) && !yield(g, spec) {
					return
				}
			}
		}
	}
}

// command looks at one command: whether it is there, and who may replace it.
func (l *lint) command(g sudoers.Grant, spec sudoers.Spec) error {
	c := spec.Command
	at := c.Path
	if c.Pattern() {
		at = path.Dir(c.Path[:strings.IndexAny(c.Path, "*?[")] + "x")
	}
	way, err := wayTo(l.v, at)
	if err != nil {
		return err
	}
	if !c.Pattern() && !slices.Contains(l.AcceptMissing, Path(path.Clean(at))) {
		if err := program(c.Path, way); err != nil {
			l.refuse("%s:%d: %s %w", c.File, c.Line, c.Path, err)
			l.absent = append(l.absent, Path(path.Clean(at)))
		}
	}
	l.leaving(c, at, way)
	if c.Digested || !l.v.Owners() {
		return nil
	}
	l.replaced(g, spec, c.Path, way)
	for _, file := range l.inside(c) {
		if way, err = wayTo(l.v, file); err != nil {
			return err
		}
		l.replaced(g, spec, file, way)
	}
	return nil
}

// leaving tells of a command that lies in a path which should go away, by its name or
// where that leads.
func (l *lint) leaving(c sudoers.Command, at string, w way) {
	for _, r := range l.retired {
		dir, _ := follow(l.v, path.Dir(string(r.Path)))
		real := path.Join(dir, path.Base(string(r.Path)))
		inside := func(s wayStep) bool { return within(s.path, real) }
		if !within(path.Clean(at), string(r.Path)) && !slices.ContainsFunc(w, inside) {
			continue
		}
		say, since := l.refuse, "is"
		if !r.After.hasCome(l.v.Now()) {
			say, since = l.remark, "from "+string(r.After)+" on is"
		}
		say("%s:%d: %s lies in %s, which %s to go away (retired): grant what takes its place", c.File, c.Line, c.Path, r.Path, since)
	}
}

// program is why there is no program at the end of a way, or no directory where
// one is meant.
func program(at string, w way) error {
	end := w.end().state
	switch err := w.broken(); {
	case err != nil:
		return fmt.Errorf("does not exist: %w", err)
	case strings.HasSuffix(at, "/"):
		if end.Kind != node.Directory {
			return fmt.Errorf("is %s, not a directory", end.A())
		}
	case end.Kind == node.Directory:
		return fmt.Errorf("is a directory: write %s/ to grant all that is in it", at)
	case end.Kind != node.File:
		return fmt.Errorf("is %s, not a program", end.A())
	case end.Mode&0o111 == 0:
		return fmt.Errorf("is not executable (%s)", end)
	}
	return nil
}

// inside is the files that a directory or a pattern stands for and that somebody
// other than root may write to, or that lie elsewhere.
func (l *lint) inside(c sudoers.Command) []string {
	pattern := c.Path
	if strings.HasSuffix(pattern, "/") && !c.Pattern() {
		pattern += "*"
	}
	if strings.ContainsAny(path.Dir(pattern), "*?[") || pattern == c.Path && !c.Pattern() {
		return nil
	}
	files, _ := glob(l.v, pattern)
	return slices.DeleteFunc(files, func(file string) bool {
		state, err := look(l.v, file)
		return err != nil || state.Kind == node.File && state.Owner == "root" && state.Mode&0o022 == 0
	})
}

// refuse and remark say something once: several grants may share an alias.
func (l *lint) refuse(format string, args ...any) { l.refusals = say(l.refusals, format, args) }
func (l *lint) remark(format string, args ...any) { l.remarks = say(l.remarks, format, args) }

func say(said []string, format string, args []any) []string {
	text := fmt.Errorf(format, args...).Error()
	if slices.Contains(said, text) {
		return said
	}
	return append(said, text)
}
