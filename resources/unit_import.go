package resources

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// Import is part of Importer. What is not in /etc/systemd/system is its package's.
func (u *Unit) Import(v node.View) (notes []string, err error) {
	state, err := unitfile.FileState(v, u.Name)
	if err != nil {
		return nil, fmt.Errorf("there is no unit file for %s", u.Name)
	}
	unit, err := unitfile.Load(v, u.Name)
	if err != nil {
		return nil, err
	}
	if unit.Masked && unit.Fragment != u.file() {
		return []string{"masked is not declared: what masks it is " + unit.Fragment}, nil
	}
	if unit.Masked {
		u.Masked = &unit.Masked
		return nil, nil
	}
	notes = append(u.importEnabled(unit, state), u.importActive(v, unit)...)
	file, fileErr := u.importFile(v, state)
	dropIns, dropInErr := u.importDropIns(v)
	return slices.Concat(notes, file, dropIns), errors.Join(fileErr, dropInErr)
}

// importEnabled fills in whether the unit is enabled, where that can be said of it.
func (u *Unit) importEnabled(unit *unitfile.Unit, state unitfile.State) (notes []string) {
	enabled := state == unitfile.Enabled
	switch {
	case enabled, state == unitfile.Disabled:
		u.Enabled = &enabled
		return nil
	case state == unitfile.IsAlias:
		return []string{"enabled is not declared: it is another name of " + unit.Name}
	}
	return []string{"enabled is not declared: the unit file is " + string(state)}
}

// importActive fills in that the unit runs, when that is how it is configured.
func (u *Unit) importActive(v node.View, unit *unitfile.Unit) (notes []string) {
	now, err := v.Unit(u.Name)
	switch {
	case err != nil: // nothing runs there
	case now.ActiveState == "failed", now.ActiveState == "activating":
		return []string{"active is not declared: the unit is " + now.State()}
	case now.Running() && (unit.Type() != "oneshot" || unit.RemainAfterExit()):
		yes := true
		u.Active = &yes
	}
	return nil
}

// importFile fills in the unit file that the administrator has made.
func (u *Unit) importFile(v node.View, state unitfile.State) (notes []string, err error) {
	now, err := v.Lstat(u.file())
	switch {
	case err != nil:
		return nil, err
	case now.Kind == node.File:
		return u.Text.imports(v, u.file(), now)
	case now.Kind == node.Symlink && state != unitfile.IsAlias:
		return []string{"its unit file is a link to " + now.Target + ": to manage them, declare both as what they are"}, nil
	}
	return nil, nil
}

// importDropIns fills in the drop-ins that the administrator has made.
func (u *Unit) importDropIns(v node.View) (notes []string, err error) {
	names, dirErr := v.ReadDir(u.dropInDir())
	if dirErr != nil {
		return nil, nil
	}
	for _, file := range names {
		name, ok := strings.CutSuffix(file, ".conf")
		if !ok {
			continue
		}
		at := path.Join(u.dropInDir(), file)
		now, lookErr := v.Lstat(at)
		if lookErr != nil {
			err = errors.Join(err, lookErr)
			continue
		}
		if why := undeclarable(name, now); why != "" {
			notes = append(notes, "drop-in "+file+" is not declared: "+why)
			continue
		}
		d := new(DropIn)
		more, dropInErr := d.Text.imports(v, at, now)
		for _, note := range more {
			notes = append(notes, "drop-in "+name+": "+note)
		}
		if err = errors.Join(err, dropInErr); d.Content != nil {
			if u.DropIns == nil {
				u.DropIns = map[string]*DropIn{}
			}
			u.DropIns[name] = d
		}
	}
	return notes, err
}

// undeclarable is why there is no declaration of a drop-in, "" when there is one.
func undeclarable(name string, s node.State) string {
	switch {
	case s.Kind != node.File:
		return "it is " + s.A()
	case !dropInName().MatchString(name):
		return "its name is none for a drop-in"
	}
	return ""
}
