package resources

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/envfile"
	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// evidence gathers what a running unit has read, and what is to be done about
// each where it is newer. Of a unit that is not declared, only what another
// resource has it load matters.
func (r *Run) evidence(v node.View, unit *unitfile.Unit, now node.Unit) ([]evidence, error) {
	g := gathering{view: v}
	if u := r.declared; u != nil {
		g.add(node.StaleUnit, u.onChange(unit), ownFiles(unit)...)
		g.addGone(u.onChange(unit), now.DropIns)
		files := environmentFiles(v, unit)
		g.add(node.StaleEnvironment, u.onStale(), files...)
		for _, file := range u.Reads {
			g.add(node.StaleReads, u.onStale(), string(file))
		}
		if u.onStale() == restart {
			g.compare(unit, now, files)
		}
	}
	for _, loads := range r.loads {
		g.add(node.StaleLoads, reload, loads(v)...)
	}
	return g.found, g.err
}

// ownFiles is what the unit itself consists of. A unit that systemd generates
// anew whenever it reads unit files is as old as what it is made of.
func ownFiles(unit *unitfile.Unit) []string {
	files := slices.Concat([]string{unit.Fragment}, unit.DropIns, unit.DropInDirs)
	files = slices.DeleteFunc(files, isGenerated)
	if isGenerated(unit.Fragment) {
		files = append(files, unit.Value("Unit", "SourcePath"))
	}
	return files
}

func isGenerated(file string) bool { return strings.HasPrefix(file, "/run/systemd/generator") }

// environmentFiles is the unit's environment files, in the order in which they
// are read.
func environmentFiles(v node.View, unit *unitfile.Unit) []string {
	var files []string
	for _, file := range unit.EnvironmentFiles() {
		if !file.Glob {
			files = append(files, file.Path)
			continue
		}
		matching, _ := glob(v, file.Path)
		files = append(files, matching...)
	}
	return files
}

// A gathering collects evidence, until there is an error.
type gathering struct {
	view  node.View
	found []evidence
	err   error
}

func (g *gathering) add(how node.Stale, a answer, paths ...string) {
	for _, at := range paths {
		if at == "" || a == ignore || g.err != nil {
			continue
		}
		e := evidence{path: at, how: how, answer: a}
		e.mtime, e.ctime, g.err = lastChange(g.view, at)
		g.found = append(g.found, e)
	}
}

// addGone adds the drop-ins that systemd has read and that are no longer there. When
// their directory went with them, nothing else tells.
func (g *gathering) addGone(a answer, dropIns []string) {
	for _, at := range dropIns {
		gone, err := isGone(g.view, at)
		g.err = errors.Join(g.err, err)
		if gone && a != ignore {
			g.found = append(g.found, evidence{path: at, how: node.StaleUnit, answer: a, gone: true})
		}
	}
}

// lastChange is when what lies at a path was last changed, and a symlink on the
// way is part of that. It is zero for what is not there.
func lastChange(v node.View, at string) (mtime, ctime time.Time, err error) {
	for s, err := range steps(v, at) {
		if err != nil {
			return mtime, ctime, err
		}
		if s.state.Kind == node.Symlink || s.last() {
			mtime, ctime = latest(mtime, s.state.MTime), latest(ctime, s.state.CTime)
		}
	}
	return mtime, ctime, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// compare compares environment files with the environment that the process was
// started with, for a file can come with an old mtime. It looks only at files
// that were touched since the start, or a program that is started through a
// script which alters a value would be taken for a stale one for ever; and only
// at keys that the process has, for some programs overwrite the rest.
func (g *gathering) compare(unit *unitfile.Unit, now node.Unit, files []string) {
	touched := map[string]bool{}
	for _, e := range g.found {
		if slices.Contains(files, e.path) && e.ctime.After(now.Started) && e.against(now.Started, g.view.Now()) != yes {
			touched[e.path] = true
		}
	}
	if len(touched) == 0 || now.MainPID == 0 || g.err != nil {
		return
	}
	process, err := g.view.Environ(now.MainPID)
	if err != nil {
		return // it has just ended
	}
	want, err := environment(g.view, files)
	if err != nil {
		g.err = err
		return
	}
	for _, key := range unit.UnsetEnvironment() {
		delete(want, key)
	}
	for _, assignment := range process {
		key, value, _ := strings.Cut(assignment, "=")
		if w, ok := want[key]; ok && w.value != value && touched[w.file] {
			g.found = append(g.found, evidence{path: w.file, how: node.StaleEnvironment, answer: restart, differs: key})
		}
	}
}

// A setting is a value and the file that it stands in.
type setting struct{ value, file string }

// environment is what environment files set, the later ones winning.
func environment(v node.View, files []string) (map[string]setting, error) {
	all := map[string]setting{}
	for _, file := range files {
		text, err := v.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		parsed := envfile.Parse(text)
		for _, key := range parsed.Keys() {
			value, _ := parsed.Get(key)
			all[key] = setting{value, file}
		}
	}
	return all, nil
}
