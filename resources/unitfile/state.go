package unitfile

import (
	"path"
	"slices"
	"strings"
)

// A State is what "systemctl is-enabled" says of a unit file; see the table
// there in systemctl(1).
type State string

// The states. Those with "runtime" in their names are gone after the next boot.
const (
	Enabled        State = "enabled"         // by links in /etc
	EnabledRuntime State = "enabled-runtime" // by links in /run
	Linked         State = "linked"          // only its name leads to a file elsewhere
	LinkedRuntime  State = "linked-runtime"
	IsAlias        State = "alias"  // the name stands for another unit
	Masked         State = "masked" // in /etc, or by an empty file
	MaskedRuntime  State = "masked-runtime"
	Static         State = "static" // nothing in it says how to enable it
	Disabled       State = "disabled"
	Indirect       State = "indirect" // only others are: Also=, other names, other instances
	Generated      State = "generated"
	Transient      State = "transient"
)

// FileState is the state of a unit file. The error of a name without one is
// fs.ErrNotExist.
func FileState(tree Tree, name string) (State, error) {
	in := &installer{tree: tree}
	e, err := in.discover(name)
	if err != nil {
		return "", err
	}
	dir := path.Dir(e.path)
	switch {
	case e.kind == maskedEntry && isRuntime(e.path):
		return MaskedRuntime, nil
	case e.kind == maskedEntry:
		return Masked, nil
	case name != path.Base(e.path) && !e.name.isInstance():
		return IsAlias, nil
	case isGeneratorDir(dir):
		return Generated, nil
	case dir == transientDir:
		return Transient, nil
	}
	s := &stateSeeker{tree: tree, entry: e, install: e.install()}
	if state := s.find(true); state != "" {
		return state, nil
	}
	switch {
	case s.find(false) != "":
		return Indirect, nil
	case !s.install.isEmpty():
		return Disabled, nil
	case len(s.install.Also) > 0:
		return Indirect, nil
	}
	return Static, nil
}

// A stateSeeker looks for the links that enable a unit.
type stateSeeker struct {
	tree    Tree
	entry   *entry
	install Install
	known   bool // only links with a name that [Install] gives count
	below   bool // the directory at hand counts less than the unit file
	self    bool // the directory at hand has a link of the unit's own name
}

// find is the state that links make, "" for none.
func (s *stateSeeker) find(known bool) State {
	s.known, s.below = known, false
	var runtime, anywhere, linked, linkedRuntime bool
	for _, dir := range SearchPath {
		s.self = false
		switch found := s.findIn(dir); {
		case found && dir == ConfigDir:
			return Enabled
		case found && isRuntime(dir):
			runtime = true
		case found:
			anywhere = true
		case s.self && dir == ConfigDir:
			linked = true
		case s.self && isRuntime(dir):
			linkedRuntime = true
		}
		s.below = s.below || strings.HasPrefix(s.entry.path, dir+"/")
	}
	switch {
	case runtime:
		return EnabledRuntime
	case anywhere && s.entry.name.isInstance():
		return Static
	case linked:
		return Linked
	case linkedRuntime:
		return LinkedRuntime
	}
	return ""
}

// findIn looks into a directory of the search path: first for .wants and
// .requires directories, where the name of a link counts, then for aliases,
// where its target does.
func (s *stateSeeker) findIn(dir string) bool {
	names, _ := s.tree.ReadDir(dir)
	for _, name := range names {
		ext := path.Ext(name)
		if (ext != ".wants" && ext != ".requires") || isLink(s.tree, dir+"/"+name) {
			continue
		}
		links, _ := s.tree.ReadDir(dir + "/" + name)
		if slices.ContainsFunc(links, func(l string) bool { return s.enables(dir+"/"+name+"/"+l, true) }) {
			return true
		}
	}
	return slices.ContainsFunc(names, func(l string) bool { return s.enables(dir+"/"+l, false) })
}

func (s *stateSeeker) enables(p string, wanted bool) bool {
	target, err := s.tree.Readlink(p)
	if err != nil {
		return false
	}
	own := s.entry.name.String()
	name := path.Base(p)
	n, _ := parseName(name)
	byName := name == own && (wanted || !s.below)
	byTarget := !wanted && path.Base(target) == own || wanted && !byName && n.template() == own
	if !wanted && byName && byTarget {
		s.self = true
		return false
	}
	return (byName || byTarget) && (!s.known || s.isKnown(name))
}

// isKnown reports whether the [Install] section can give a link that name.
func (s *stateSeeker) isKnown(name string) bool {
	if name == s.entry.name.String() || slices.Contains(s.install.Alias, name) {
		return true
	}
	n, err := s.entry.enabledAs()
	return err == nil && name == n.String()
}
