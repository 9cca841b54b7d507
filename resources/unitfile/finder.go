package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxAliases is how many names may lead from one to the next.
const maxAliases = 8

// A finder looks names up as the manager does: it reads the search path once,
// and then knows for every name whether it is a file or stands for another.
type finder struct {
	tree    Tree
	entries map[string][]string // directory of SearchPath → names in it, sorted
	leads   map[string]string   // what lead has found
	linked  map[string][]string // type → names that are links, once asked for
}

func newFinder(tree Tree) (*finder, error) {
	f := &finder{tree: tree, entries: map[string][]string{}, leads: map[string]string{}, linked: map[string][]string{}}
	merged := linkTarget(tree, "/lib") == "/usr/lib"
	for _, dir := range SearchPath {
		if merged && strings.HasPrefix(dir, "/usr/lib/") {
			continue // it has been read as /lib/…
		}
		names, err := tree.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("unit search path: %w", err)
		}
		f.entries[dir] = names
	}
	return f, nil
}

// has says whether a directory of the search path has something of that name.
func (f *finder) has(dir, name string) bool {
	_, found := slices.BinarySearch(f.entries[dir], name)
	return found
}

// fragment is the path of the file that configures the unit, "" if there is
// none. An instance without a file of its own has that of its template.
func (f *finder) fragment(n unitName) string {
	if path := f.follow(n.String()); path != "" || !n.isInstance() {
		return path
	}
	return f.follow(n.template())
}

// follow goes from alias to alias until there is a file.
func (f *finder) follow(name string) string {
	for range maxAliases {
		to := f.lead(name)
		if n, _ := parseName(name); to == "" && n.isInstance() {
			to = f.lead(n.template())
		}
		if to == "" || path.IsAbs(to) {
			return to
		}
		name = to
	}
	return ""
}

// lead is one step: the path of the file with this name, or the other name
// that a link with this name stands for, or "".
func (f *finder) lead(name string) string {
	to, known := f.leads[name]
	if !known {
		to = f.findLead(name)
		f.leads[name] = to
	}
	return to
}

func (f *finder) findLead(name string) string {
	for _, p := range f.paths(name) {
		target := linkTarget(f.tree, p)
		switch n, _ := parseName(name); {
		case target == "" && (isLink(f.tree, p) || isDir(f.tree, p)):
			// a loop, or no file
		case target == "" || !underSearchPath(target):
			return p
		case path.Base(target) != name && n.mayAliasTo(path.Base(target)):
			return path.Base(target)
		}
	}
	return ""
}

// paths are where the search path has something of that name.
func (f *finder) paths(name string) []string {
	var out []string
	for _, dir := range SearchPath {
		if f.has(dir, name) {
			out = append(out, dir+"/"+name)
		}
	}
	return out
}

// links are the links in the search path with that name.
func (f *finder) links(name string) []string {
	return slices.DeleteFunc(f.paths(name), func(p string) bool { return !isLink(f.tree, p) })
}

// aliases are the other names that lead to the fragment of a unit. Links from
// templates count for an instance, filled in.
func (f *finder) aliases(fragment string, unit unitName) []string {
	of, _ := parseName(path.Base(fragment))
	var out []string
	for _, link := range f.linkNames(unit.typ) {
		n, _ := parseName(link)
		ok := f.follow(link) == fragment
		if ok && of.isTemplate() && unit.isInstance() && n.isTemplate() {
			n, ok = n.with(unit.instance)
			ok = ok && f.fragment(n) == fragment
		}
		if ok && n != unit && (!of.isTemplate() || n.instance == unit.instance) {
			out = append(out, n.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// linkNames are the names of a type that are links in the search path.
func (f *finder) linkNames(typ string) []string {
	if names, known := f.linked[typ]; known {
		return names
	}
	names := []string{}
	for _, dir := range SearchPath {
		for _, entry := range f.entries[dir] {
			if !strings.HasSuffix(entry, "."+typ) {
				continue
			}
			if _, ok := parseName(entry); ok && isLink(f.tree, dir+"/"+entry) {
				names = append(names, entry)
			}
		}
	}
	slices.Sort(names)
	f.linked[typ] = slices.Compact(names)
	return f.linked[typ]
}

// names are all names of units of a type: files and links in the search path,
// and links in the .wants and .requires directories there.
func (f *finder) names(unitType string) []string {
	var out []string
	add := func(names []string) {
		for _, name := range names {
			if n, ok := parseName(name); ok && n.typ == unitType {
				out = append(out, name)
			}
		}
	}
	for _, dir := range SearchPath {
		add(f.entries[dir])
		for _, entry := range f.entries[dir] {
			if strings.HasSuffix(entry, ".wants") || strings.HasSuffix(entry, ".requires") {
				wanted, _ := f.tree.ReadDir(dir + "/" + entry)
				add(wanted)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
