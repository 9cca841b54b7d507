package resources

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// A unitDraft is the plan of a unit's files while it is made. Every step looks
// at the node as the steps before it leave it: what a unit file asks for when
// it is enabled is read from the file that is only planned.
type unitDraft struct {
	*Unit
	view node.View
	plan node.Plan
}

func (d *unitDraft) add(changes ...node.Change) {
	if len(changes) > 0 {
		d.plan.Changes = append(d.plan.Changes, changes...)
		d.view = d.view.With(changes...)
	}
}

func (d *unitDraft) converge(at string, w node.Want) error {
	changes, err := node.Converge(d.view, at, w)
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	d.add(changes...)
	return nil
}

// write puts a unit file or drop-in in its place.
func (d *unitDraft) write(at string, content *node.Content) error {
	return d.converge(at, node.Want{Kind: node.File, Content: content, Owner: "root", Group: "root", Mode: 0o644})
}

// link makes a symlink.
func (d *unitDraft) link(at, target string) error {
	return d.converge(at, node.Want{Kind: node.Symlink, Target: target})
}

func (d *unitDraft) writeFiles() error {
	if d.bytes != nil {
		if len(d.bytes.Bytes()) == 0 {
			return errors.New("an empty unit file masks the unit: declare masked: true")
		}
		if err := d.write(d.file(), d.bytes); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.DropIns)) {
		at, declared := d.dropIn(name), d.DropIns[name]
		if declared.State.Departs() {
			if err := d.converge(at, node.Want{Kind: node.Absent}); err != nil {
				return err
			}
			continue
		}
		if err := d.write(at, declared.bytes); err != nil {
			return err
		}
	}
	return nil
}

// mask makes or removes the link to /dev/null that masks a unit. As with
// systemctl, a unit file is never removed for it.
func (d *unitDraft) mask() error {
	now, err := d.view.Lstat(d.file())
	switch {
	case err != nil:
		return err
	case d.Masked == nil && d.bytes != nil && now.Kind == node.Symlink && isMask(now):
		return fmt.Errorf("the unit is masked by %s: declare masked: false as well", d.file())
	case d.Masked == nil:
		return nil
	case !*d.Masked:
		return d.unmask()
	case isMask(now):
		return nil
	case now.Kind == node.Absent:
		if err := d.stop(); err != nil {
			return err
		}
		return d.link(d.file(), "/dev/null")
	}
	return fmt.Errorf("it cannot be masked: there is %s at %s: remove it first, or declare enabled: false and active: false", now.A(), d.file())
}

// unmask removes the masks that systemctl makes, for good and until the next
// boot.
func (d *unitDraft) unmask() error {
	for _, dir := range []string{unitDir, "/run/systemd/system"} {
		at := path.Join(dir, d.Name)
		now, err := d.view.Lstat(at)
		if err != nil {
			return err
		}
		if isMask(now) {
			if err := d.converge(at, node.Want{Kind: node.Absent}); err != nil {
				return err
			}
		}
	}
	return nil
}

// isMask says whether what lies at the path of a unit file masks the unit.
func isMask(s node.State) bool {
	return s.Kind == node.Symlink && s.Target == "/dev/null" || s.Kind == node.File && s.Size == 0
}

// examine looks whether the unit can be what is declared of it.
func (d *unitDraft) examine() error {
	unit, err := unitfile.Load(d.view, d.Name)
	switch {
	case err != nil:
		return err
	case isTrue(d.Masked):
		return nil
	case unit.Masked && (isTrue(d.Enabled) || isTrue(d.Active)):
		return fmt.Errorf("the unit is masked by %s: declare masked: false as well", unit.Fragment)
	case unit.Fragment == "" && d.needsNoFile():
		return nil
	case unit.Fragment == "":
		return d.missing()
	case d.Enabled != nil && isScript(unit):
		return fmt.Errorf("enabled: systemd makes this unit of the script %s: use update-rc.d, or bring a unit file", unit.Value("Unit", "SourcePath"))
	case isTrue(d.Active) && unit.Type() == "oneshot" && !unit.RemainAfterExit():
		return fmt.Errorf("active: a oneshot service ends and is never active: set RemainAfterExit=yes in %s, or leave active out", unit.Fragment)
	}
	return nil
}

// needsNoFile says whether systemd knows the unit without a file, as it does
// slices, devices and mounts.
func (d *unitDraft) needsNoFile() bool {
	if !slices.Contains([]string{".slice", ".scope", ".device", ".mount", ".swap"}, path.Ext(d.Name)) {
		return false
	}
	now, err := d.view.Unit(d.Name)
	return err == nil && now.LoadState == "loaded"
}

// missing is the answer to a unit that has no file anywhere. That it is neither
// enabled nor active holds for such a unit.
func (d *unitDraft) missing() error {
	if isTrue(d.Enabled) || isTrue(d.Active) || len(d.DropIns) > 0 {
		return fmt.Errorf("there is no unit file %s in %s, /run/systemd/system, /usr/local/lib/systemd/system or /lib/systemd/system: declare its content, or install the package that brings it", d.Name, unitDir)
	}
	d.plan.Notes = append(d.plan.Notes, "there is no unit file of that name on this node")
	return nil
}

// stop stops a unit that goes away, while its own ExecStop= still counts.
func (d *unitDraft) stop() error {
	if isTemplate(d.Name) {
		return nil
	}
	now, err := d.view.Unit(d.Name)
	switch {
	case errors.Is(err, node.ErrOffline), errors.Is(err, node.ErrNoSystemd):
		return nil
	case err != nil:
		return err
	case isUp(now):
		d.add(&node.UnitAction{Unit: d.Name, Verb: node.StopUnit, From: now, Why: d.down()})
	}
	return nil
}

// remove removes the unit file and the drop-ins. What a package brings is not
// ours to remove; an instance leaves its template alone.
func (d *unitDraft) remove() error {
	if err := d.converge(d.file(), node.Want{Kind: node.Absent}); err != nil {
		return err
	}
	if err := d.converge(d.dropInDir(), node.Want{Kind: node.Absent, Replace: true}); err != nil {
		return err
	}
	unit, err := unitfile.Load(d.view, d.Name)
	if err == nil && unit.Fragment != "" && unit.Template() == "" {
		err = fmt.Errorf("state: its unit file %s is not the administrator's: declare masked: true, or remove the package that brings it", unit.Fragment)
	}
	return err
}
