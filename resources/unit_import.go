package resources

import (
	"errors"
	"fmt"
	"path"
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
	yes, no := true, false
	switch state {
	case unitfile.Masked:
		u.Masked = &yes
		return nil, nil
	case unitfile.Enabled:
		u.Enabled = &yes
	case unitfile.Disabled:
		u.Enabled = &no
	default:
		notes = append(notes, "enabled is not declared: the unit file is "+string(state))
	}
	if now, err := v.Unit(u.Name); err == nil && now.Running() && u.staysActive(v) {
		u.Active = &yes
	}
	more, err := u.importFiles(v)
	return append(notes, more...), err
}

// staysActive says whether a unit that is active is one by its configuration.
func (u *Unit) staysActive(v node.View) bool {
	unit, err := unitfile.Load(v, u.Name)
	return err == nil && (unit.Type() != "oneshot" || unit.RemainAfterExit())
}

// importFiles fills in the unit file and the drop-ins that the administrator has made.
func (u *Unit) importFiles(v node.View) (notes []string, err error) {
	now, err := v.Lstat(u.file())
	if err == nil && now.Kind == node.File {
		notes, err = u.Text.imports(v, u.file(), now)
	}
	names, dirErr := v.ReadDir(u.dropInDir())
	if dirErr != nil {
		return notes, err
	}
	for _, file := range names {
		name, ok := strings.CutSuffix(file, ".conf")
		now, lookErr := v.Lstat(path.Join(u.dropInDir(), file))
		if !ok || lookErr != nil || now.Kind != node.File || !dropInName().MatchString(name) {
			continue
		}
		d := new(DropIn)
		more, dropInErr := d.Text.imports(v, path.Join(u.dropInDir(), file), now)
		for _, note := range more {
			notes = append(notes, name+": "+note)
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
