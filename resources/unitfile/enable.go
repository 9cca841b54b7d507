package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// EnableLinks returns the symbolic links that "systemctl enable NAME" would
// make now: path to target. What is there already, by whatever way it points
// at the unit, is not among them; a link for a .wants or .requires directory
// that points elsewhere is replaced. The units in Also= are enabled with it.
//
// An error is what systemctl would refuse: no such unit (fs.ErrNotExist), a
// masked or generated one, an alias link, a name that is taken.
func EnableLinks(tree Tree, name string) (map[string]string, error) {
	en := &enabler{installer: installer{tree: tree}, links: map[string]string{}}
	e, err := en.discover(name)
	if err == nil {
		err = e.installable()
	}
	for i := 0; err == nil && i < len(en.entries); i++ {
		err = en.enable(en.entries[i])
	}
	if err != nil {
		return nil, fmt.Errorf("enable %s: %w", name, err)
	}
	return en.links, nil
}

type enabler struct {
	installer
	links map[string]string
}

func (en *enabler) enable(e *entry) error {
	_, err := en.traverse(e, false)
	switch {
	case err != nil && e.auxiliary:
		return nil
	case err != nil:
		return err
	case e.kind != fileEntry:
		return nil
	}
	if !inSearchPath(e.path) {
		if err := en.link(ConfigDir+"/"+e.name.String(), e.path, false); err != nil {
			return err
		}
	}
	as, err := e.enabledAs()
	if err != nil {
		return err
	}
	install := e.install()
	for _, alias := range install.Alias {
		if err := en.alias(e, as, alias); err != nil {
			return err
		}
	}
	return errors.Join(en.want(e, as, install.WantedBy, ".wants"), en.want(e, as, install.RequiredBy, ".requires"))
}

// alias makes a second name. In old units it is a path in a .wants or
// .requires directory.
func (en *enabler) alias(e *entry, as unitName, text string) error {
	alias, err := expandInstall(en.tree, as, text)
	if err != nil {
		return fmt.Errorf("%s: Alias=%s: %w", e.path, text, err)
	}
	if alias == e.name.String() {
		return nil
	}
	dir, base := path.Split(alias)
	n, valid := parseName(base)
	if valid && dir == "" && n.isTemplate() && e.name.isInstance() {
		n, valid = n.with(e.name.instance)
	}
	if dir != "" {
		valid = valid && isCompanionOf(dir, n, e.name)
	} else {
		valid = valid && n.mayAliasTo(e.name.String())
	}
	if !valid {
		return fmt.Errorf("%s: Alias=%s: %s cannot be called that", e.path, text, e.name)
	}
	return en.link(path.Join(ConfigDir, dir, n.String()), e.path, false)
}

// isCompanionOf reports whether a link named n in dir, a .wants or .requires
// directory of a unit, may stand for unit.
func isCompanionOf(dir string, n, unit unitName) bool {
	dir = strings.TrimSuffix(dir, "/")
	owner, ok := strings.CutSuffix(dir, ".wants")
	if !ok {
		owner, ok = strings.CutSuffix(dir, ".requires")
	}
	o, valid := parseName(owner)
	switch {
	case !ok || !valid:
		return false
	case n == unit:
		return !n.isTemplate() || o.isTemplate()
	}
	return n.isInstance() && unit.isTemplate() && n.template() == unit.String()
}

// want makes the unit wanted or required by those in the list. A template is
// wanted as its default instance; without one only templates and instances can
// want it.
func (en *enabler) want(e *entry, as unitName, list []string, suffix string) error {
	if len(list) == 0 {
		return nil
	}
	if as != e.name {
		instance := &entry{tree: en.tree, name: as}
		if err := (&installer{tree: en.tree}).search(instance); err != nil {
			return err
		}
		if err := instance.installable(); errors.Is(err, errMasked) {
			return err
		}
	}
	for _, text := range list {
		by, err := expandInstall(en.tree, as, text)
		if err != nil {
			return fmt.Errorf("%s: [Install] %s: %w", e.path, text, err)
		}
		switch o, ok := parseName(by); {
		case !ok:
			return fmt.Errorf("%s: [Install] %s: %w", e.path, by, errInvalidName)
		case as.isTemplate() && o.isPlain():
			return fmt.Errorf("%s: [Install] %s cannot want a template: enable an instance", e.path, by)
		}
		if err := en.link(ConfigDir+"/"+by+suffix+"/"+as.String(), e.path, true); err != nil {
			return err
		}
	}
	return nil
}

// link notes one link, unless there is one that means the same.
func (en *enabler) link(at, target string, replace bool) error {
	old, planned := en.links[at]
	if !planned {
		var err error
		old, err = en.tree.Readlink(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			en.links[at] = target
			return nil
		case err != nil:
			return fmt.Errorf("%s is in the way", at)
		}
	}
	switch {
	case en.sameUnit(at, old, target):
	case replace:
		en.links[at] = target
	default:
		return fmt.Errorf("%s is in the way, it points to %s", at, old)
	}
	return nil
}

// sameUnit reports whether two targets of a link mean the same unit: the same
// file, or the same name in the search path.
func (en *enabler) sameUnit(link, a, b string) bool {
	a, b = absolute(link, a), absolute(link, b)
	toA, errA := resolve(en.tree, a, true)
	toB, errB := resolve(en.tree, b, true)
	if errA == nil && errB == nil && toA == toB {
		return true
	}
	return path.Base(a) == path.Base(b) && underSearchPath(a) && underSearchPath(b)
}
