package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// DisableLinks returns the paths, sorted, that "systemctl disable NAME" would
// remove: every link in /etc/systemd/system, at any depth, that is named for
// the unit or leads to it, whether an [Install] section made it or not. It is
// the list of "systemctl is-enabled --full", too. Links of the units in Also=
// are among them; for a template, those of all its instances.
//
// A masked unit has none. A unit whose file is gone has those that are named
// for it. Only an invalid name is an error.
func DisableLinks(tree Tree, name string) ([]string, error) {
	in := &installer{tree: tree}
	if _, err := in.add(name, false); err != nil {
		return nil, fmt.Errorf("disable %s: %w", name, err)
	}
	d := &disabler{tree: tree, marked: map[string]bool{}}
	for i := 0; i < len(in.entries); i++ {
		e := in.entries[i]
		_, err := in.traverse(e, true)
		if err != nil || e.kind == fileEntry {
			d.marked[e.name.String()] = true
		}
	}
	for before := -1; before != len(d.links); {
		before = len(d.links)
		if err := d.scan(ConfigDir); err != nil {
			return nil, fmt.Errorf("disable %s: %w", name, err)
		}
	}
	slices.Sort(d.links)
	return d.links, nil
}

type disabler struct {
	tree   Tree
	marked map[string]bool // names, and links found: what leads to them goes, too
	links  []string
}

func (d *disabler) scan(dir string) error {
	names, err := d.tree.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range names {
		p := dir + "/" + name
		switch n, ok := parseName(name); {
		case !isLink(d.tree, p):
			if isDir(d.tree, p) {
				if err := d.scan(p); err != nil {
					return err
				}
			}
		case ok && !d.marked[p] && d.isMarked(p, n):
			d.marked[p] = true
			d.links = append(d.links, p)
		}
	}
	return nil
}

func (d *disabler) isMarked(p string, n unitName) bool {
	if d.marked[n.String()] || d.marked[n.template()] {
		return true
	}
	to, err := resolve(d.tree, p, true)
	return err == nil && (d.marked[to] || d.marked[path.Base(to)])
}
