// Package unitfile reads how a systemd unit is configured, from its files
// alone: the unit file, its drop-ins, its links. It asks nothing of a running
// systemd, so that the live node, an image in a directory and a planned future
// are all read the same way. It holds to systemd 252, the version of Debian 12.
//
// There are two readers, because systemd has two. The manager's (Load) follows
// aliases and every kind of drop-in and yields a Unit. The one of "systemctl
// enable" (EnableLinks, DisableLinks, FileState, ReadInstall) looks only at
// names, links and [Install] sections, with search rules of its own.
//
// The formats are those of systemd.unit(5), systemd.service(5),
// systemd.exec(5) and systemd.syntax(7). Where those are silent, the
// behaviour of the real tools was tried and is what the tests hold.
package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Tree is what units are read from. Paths are absolute. What is missing is
// reported as fs.ErrNotExist.
type Tree interface {
	// ReadFile returns the content of a file; it follows symbolic links.
	ReadFile(path string) ([]byte, error)
	// Readlink returns where a symbolic link points, one step only. For
	// anything else that exists its error is not fs.ErrNotExist.
	Readlink(path string) (string, error)
	// ReadDir returns the names in a directory, sorted.
	ReadDir(path string) ([]string, error)
}

// A Unit is the configuration of one unit as the manager would load it now.
type Unit struct {
	// Name is the unit's main name: that of its fragment, with the instance
	// filled in. It differs from the name asked for when that is an alias.
	Name string
	// Aliases are its other names, sorted.
	Aliases []string
	// Fragment is the path of the unit file as found in the search path,
	// "" when there is none or it is a link that leads nowhere.
	Fragment string
	// Masked says that Fragment is empty or leads to /dev/null.
	Masked bool
	// DropIns are the drop-in files in the order in which they are read,
	// masked ones included: systemd's DropInPaths. A service without a
	// fragment is never loaded, whatever drop-ins it has.
	DropIns []string
	// DropInDirs are the drop-in directories that exist for it, the one that
	// wins first.
	DropInDirs []string
	// Sources are the existing paths that decide whether what the manager has
	// loaded is up to date, by their own modification time: fragment, alias
	// links, drop-ins and every link on the way to them, drop-in directories,
	// and the unit's .wants and .requires directories.
	Sources []string
	// Settings are all assignments of fragment and drop-ins, in order.
	Settings []Setting
	// Err is why the manager would refuse the unit file: a line at which it
	// stops reading. A drop-in with such a line is no error, what stands
	// before the line counts.
	Err error

	tree Tree
}

// Load reads the unit that name stands for: a plain name ("foo.service"), an
// instance ("foo@bar.service") or an alias of either. A name without a unit
// file is no error, the Unit has no Fragment then. Errors are an invalid name,
// and those of the tree other than fs.ErrNotExist.
func Load(tree Tree, name string) (*Unit, error) {
	f, err := newFinder(tree)
	if err != nil {
		return nil, err
	}
	return f.load(name)
}

// All loads every unit of a type ("service") that has a file in the search
// path, sorted by main name. A template stands for itself ("foo@.service");
// instances are found only where a link in the search path, or in a .wants or
// .requires directory there, names them.
func All(tree Tree, unitType string) ([]*Unit, error) {
	f, err := newFinder(tree)
	if err != nil {
		return nil, err
	}
	var units []*Unit
	seen := map[string]bool{}
	for _, name := range f.names(unitType) {
		u, err := f.load(name)
		if err != nil {
			return nil, err
		}
		if u.Fragment != "" && !seen[u.Name] {
			seen[u.Name] = true
			units = append(units, u)
		}
	}
	slices.SortFunc(units, func(a, b *Unit) int { return strings.Compare(a.Name, b.Name) })
	return units, nil
}

func (f *finder) load(name string) (*Unit, error) {
	n, ok := parseName(name)
	if !ok {
		return nil, fmt.Errorf("unit %q: %w", name, errInvalidName)
	}
	u := &Unit{Name: name, tree: f.tree}
	if path := f.fragment(n); path != "" {
		if err := u.readFragment(path); err != nil {
			return nil, err
		}
		if main := mainName(path, n); f.fragment(main) == path {
			u.Name = main.String()
		}
	}
	if main, _ := parseName(u.Name); u.Fragment != "" && !u.Masked {
		u.Aliases = f.aliases(u.Fragment, main)
	}
	for _, alias := range append([]string{name, u.Name}, u.Aliases...) {
		u.addSources(f.links(alias)...)
	}
	if err := u.readDropIns(f); err != nil {
		return nil, err
	}
	for _, suffix := range []string{".wants", ".requires"} {
		for _, dir := range f.companions(u.allNames(), suffix) {
			u.addSources(trail(f.tree, dir)...)
		}
	}
	slices.Sort(u.Sources)
	u.Sources = slices.Compact(u.Sources)
	return u, nil
}

func (u *Unit) readFragment(path string) error {
	u.addSources(trail(u.tree, path)...)
	text, masked, err := readUnlessMasked(u.tree, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("unit %s: %w", u.Name, err)
	}
	u.Fragment, u.Masked = path, masked
	u.Settings, u.Err = parseFile(path, text)
	return nil
}

func (u *Unit) readDropIns(f *finder) error {
	u.DropInDirs = f.companions(u.allNames(), ".d")
	var err error
	if u.DropIns, err = dropIns(u.tree, u.DropInDirs); err != nil {
		return fmt.Errorf("unit %s: %w", u.Name, err)
	}
	for _, dir := range u.DropInDirs {
		u.addSources(trail(u.tree, dir)...)
	}
	for _, path := range u.DropIns {
		u.addSources(trail(u.tree, path)...)
		text, _, err := readUnlessMasked(u.tree, path)
		if errors.Is(err, fs.ErrNotExist) || isDir(u.tree, path) {
			continue
		}
		if err != nil {
			return fmt.Errorf("unit %s: %w", u.Name, err)
		}
		settings, _ := parseFile(path, text)
		u.Settings = append(u.Settings, settings...)
	}
	return nil
}

func (u *Unit) allNames() []string { return append([]string{u.Name}, u.Aliases...) }

func (u *Unit) addSources(paths ...string) { u.Sources = append(u.Sources, paths...) }

// Template is the name of the template of an instance, "" for other units.
func (u *Unit) Template() string {
	if n, _ := parseName(u.Name); n.isInstance() {
		return n.template()
	}
	return ""
}
