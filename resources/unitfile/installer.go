package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// An installer finds units as systemctl does for enable, disable and
// is-enabled. That is not how the manager does it: links are followed file by
// file, and drop-ins of prefixes, aliases and types do not count.
type installer struct {
	tree    Tree
	entries []*entry // in the order in which they are to be enabled
}

var (
	errMasked    = errors.New("masked")
	errGenerated = errors.New("made by a generator or at run time, it has no enablement of its own")
	errAlias     = errors.New("an alias name or linked file; enable the unit itself")
	errDangling  = errors.New("an alias of a unit that does not exist")
	errBadAlias  = errors.New("a link that is no valid alias of what it points to")
	errSelfLink  = errors.New("a link to a file of the same name in the search path")
)

func (in *installer) add(name string, auxiliary bool) (*entry, error) {
	n, ok := parseName(name)
	if !ok {
		return nil, fmt.Errorf("unit %q: %w", name, errInvalidName)
	}
	for _, e := range in.entries {
		if e.name == n {
			e.auxiliary = e.auxiliary && auxiliary
			return e, nil
		}
	}
	e := &entry{tree: in.tree, name: n, auxiliary: auxiliary}
	in.entries = append(in.entries, e)
	return e, nil
}

// discover finds the unit file behind a name, following every link.
func (in *installer) discover(name string) (*entry, error) {
	e, err := in.add(name, false)
	if err != nil {
		return nil, err
	}
	return in.traverse(e, true)
}

// traverse goes from e over links to a unit file or mask. Links in the
// configuration directories are followed only when that is asked for.
func (in *installer) traverse(e *entry, followConfig bool) (*entry, error) {
	err := in.search(e)
	for range maxLinks {
		if err != nil {
			return nil, fmt.Errorf("unit %s: %w", e.name, err)
		}
		if e.kind != aliasEntry && e.kind != linkedEntry {
			return e, nil
		}
		if !followConfig && isConfigDir(path.Dir(e.path)) {
			return nil, fmt.Errorf("unit %s: %s is %w", e.name, e.path, errAlias)
		}
		base := path.Base(e.target)
		if target, ok := parseName(base); ok && target.isTemplate() && e.name.isInstance() {
			if filled, ok := target.with(e.name.instance); ok {
				base = filled.String()
			}
		}
		if e.kind == linkedEntry || base == e.name.String() {
			err = in.read(e, e.target)
			continue
		}
		if e, err = in.add(base, false); err != nil {
			return nil, err
		}
		if err = in.search(e); errors.Is(err, fs.ErrNotExist) {
			err = errDangling
		}
	}
	return nil, fmt.Errorf("unit %s: %w", e.name, errLinks)
}

// search finds e in the search path, and its drop-ins.
func (in *installer) search(e *entry) error {
	if e.kind != unread {
		return nil
	}
	err := in.searchFor(e, e.name.String())
	if errors.Is(err, fs.ErrNotExist) && e.name.isInstance() {
		err = in.searchFor(e, e.name.template())
	}
	if err != nil || e.kind == maskedEntry {
		return err
	}
	var dirs []string
	for _, name := range []string{e.name.String(), e.name.template()} {
		for _, dir := range SearchPath {
			if d := dir + "/" + name + ".d"; name != "" && isDir(in.tree, d) {
				dirs = append(dirs, d)
			}
		}
	}
	files, err := dropIns(in.tree, dirs)
	for _, file := range files {
		if err == nil {
			err = in.readSettings(e, file)
		}
	}
	return err
}

func (in *installer) searchFor(e *entry, name string) error {
	for _, dir := range SearchPath {
		if err := in.read(e, dir+"/"+name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fs.ErrNotExist
}

// read takes p for the unit file of e: a link is only looked at.
func (in *installer) read(e *entry, p string) error {
	switch _, err := in.tree.Readlink(p); {
	case err == nil:
		return in.readLink(e, p)
	case errors.Is(err, fs.ErrNotExist):
		return err
	}
	text, masked, err := readUnlessMasked(in.tree, p)
	if err != nil {
		return err
	}
	e.path, e.kind = p, fileEntry
	if masked {
		e.kind = maskedEntry
		return nil
	}
	return in.addSettings(e, p, text)
}

func (in *installer) readLink(e *entry, p string) error {
	target := linkTarget(in.tree, p)
	kind := linkedEntry
	switch n, _ := parseName(path.Base(p)); {
	case target == "":
		return errLinks
	case underSearchPath(target) && path.Base(target) == path.Base(p):
		return errSelfLink
	case underSearchPath(target) && !n.mayAliasTo(path.Base(target)):
		return errBadAlias
	case underSearchPath(target):
		kind = aliasEntry
	}
	_, masked, err := readUnlessMasked(in.tree, target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if masked {
		kind = maskedEntry
	}
	e.path, e.target, e.kind = p, target, kind
	return nil
}

func (in *installer) readSettings(e *entry, p string) error {
	text, masked, err := readUnlessMasked(in.tree, p)
	if err != nil || masked {
		return err
	}
	return in.addSettings(e, p, text)
}

// addSettings takes over a file, and the units that it names in Also=.
func (in *installer) addSettings(e *entry, p string, text []byte) error {
	settings, err := parseFile(p, text)
	if err != nil {
		return err
	}
	known := len(e.install().Also)
	e.settings = append(e.settings, settings...)
	as, err := e.enabledAs()
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	for _, name := range e.install().Also[known:] {
		if name, err = expandInstall(in.tree, as, name); err != nil {
			return fmt.Errorf("%s: Also=: %w", p, err)
		}
		if _, err = in.add(name, true); err != nil {
			return fmt.Errorf("%s: Also=: %w", p, err)
		}
	}
	return nil
}
