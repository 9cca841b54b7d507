package resources

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// A Unit is a systemd unit: its unit file and drop-ins in /etc/systemd/system,
// whether it is enabled or masked, and whether it runs. What is not declared is
// kept: a packaged unit needs no content here, and drop-ins of others stay.
//
// The files are judged by systemd-analyze verify before anything is written,
// warnings about unknown keys and programs that are not there included. systemd
// reads unit files anew once, and only when what it has read is older.
//
// A unit that runs is restarted when it runs with something older than what is
// on disk, whoever changed it: its unit file, a drop-in, an environment file or
// something that it reads. A unit that is started and dies is a failure.
//
//	units:
//	  makenotwork.service: {source: files/makenotwork.service, enabled: true, active: true}
//	  caddy.service:
//	    dropins: {limits: {content: "[Service]\nLimitNOFILE=65536\n"}}
//	  apt-daily.timer: {masked: true}
type Unit struct {
	Name string `yaml:"-"`
	Text `yaml:",inline"`
	// DropIns are drop-in files for the unit, by name: limits, or limits.conf, is
	// the file limits.conf in the unit's directory in /etc/systemd/system. Each is
	// its content, or a mapping that says where the content comes from.
	DropIns map[string]*DropIn `yaml:"dropins,omitempty"`
	// Enabled is whether it has the links that its [Install] section asks for,
	// such as those that start it when the node boots.
	Enabled *bool `yaml:"enabled,omitempty"`
	// Active is whether it runs.
	Active *bool `yaml:"active,omitempty"`
	// Masked is whether it cannot be started at all, by a link to /dev/null in
	// place of its unit file. A unit that is masked is stopped.
	Masked *bool `yaml:"masked,omitempty"`
	// OnChange is what happens to a running unit when its unit file or a drop-in
	// is newer than the run: restart, reload, reload-or-restart or none. Default:
	// restart for services, sockets, timers and paths, none for other units.
	OnChange OnChange `yaml:"on_change,omitempty"`
	// OnStale is what happens to a running unit when an environment file or
	// something that it reads is newer than the run: restart, reload or report.
	// Default: restart.
	OnStale OnStale `yaml:"on_stale,omitempty"`
	// Reads are more files that the unit reads when it starts. A directory is newer
	// when a file in it came or went.
	Reads []Path `yaml:"reads,omitempty"`
	// Settle is how long the unit is watched after a start before it counts as
	// running. Default: 1s; 200ms for a unit that itself tells when it is ready; not
	// at all for one that runs to its end, a oneshot.
	Settle *Duration `yaml:"settle,omitempty"`
	// NeedsStop names resources that must not change while the unit runs, such as
	// user:git or file:/var/lib/web/state. When one of them has changes, the unit is
	// stopped for them and started again after them, also without active: true; all
	// that can be done before is done before. When none has, it is not stopped. A socket,
	// path or timer may start it again meanwhile: give that the same needs_stop.
	NeedsStop []ID `yaml:"needs_stop,omitempty"`
	// MaxOutage is the longest that the unit may be down in a run in which it is
	// stopped for others and started again, or restarted. When it is down for longer,
	// the whole run is taken back. It is up as soon as systemd says that it is active:
	// whether it answers is for a check to say. Default: no limit.
	MaxOutage *Duration `yaml:"max_outage,omitempty"`
	// State is whether the unit should be there. An absent one is stopped and
	// disabled, and its unit file and drop-ins in /etc/systemd/system are removed.
	// Default: present.
	State Presence `yaml:"state,omitempty"`
}

// unitDir is where the administrator's unit files lie.
const unitDir = "/etc/systemd/system"

// Plan is part of Resource: the unit's files and links. What runs is planned by
// the unit's Run.
func (u *Unit) Plan(_ context.Context, v node.View) (node.Plan, error) {
	d := &unitDraft{Unit: u, view: v}
	steps := []func() error{d.mask, d.writeFiles, d.examine, d.enable}
	if u.Departs() {
		steps = []func() error{d.stop, d.disable, d.remove}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return node.Plan{Notes: d.plan.Notes}, err
		}
	}
	return d.plan, nil
}

// Fill is part of Filler.
func (u *Unit) Fill(s Sources) error {
	errs := []error{u.Text.Fill(s)}
	for _, name := range slices.Sorted(maps.Keys(u.DropIns)) {
		if u.DropIns[name] == nil {
			continue // an error of Check
		}
		err := u.DropIns[name].Fill(s)
		var field *FieldError
		if errors.As(err, &field) {
			err = inField(field.Err, append([]string{"dropins", name}, field.Field...)...)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Runs is part of Runner.
func (u *Unit) Runs() []RunNeed {
	need := RunNeed{Unit: u.Name, Declared: u}
	if !u.Departs() {
		need.Stopped = u.NeedsStop
	}
	return []RunNeed{need}
}

// Judges is part of Judged: systemd-analyze takes all named units in one call,
// reads their drop-ins, and ends with an error for what is only a warning to
// systemd when it stands in a file of one of them.
func (u *Unit) Judges(v node.View) ([]node.Judge, error) {
	unit, err := unitfile.Load(v, u.Name)
	if err != nil || u.Departs() || unit.Masked || unit.Fragment == "" {
		return nil, err
	}
	return []node.Judge{{
		Argv:    []string{"systemd-analyze", "verify", "--man=no", "--recursive-errors=no"},
		Named:   []string{u.Name},
		Env:     []string{"SYSTEMD_LOG_TARGET=console", "SYSTEMD_LOG_LEVEL=info"},
		Limit:   judgeLimit,
		Reads:   append(unit.Sources, u.file(), u.dropInDir()),
		Own:     u.own(),
		Package: "systemd",
	}}, nil
}

// own is what systemd-analyze writes before a remark on the declared files.
func (u *Unit) own() []string {
	var own []string
	if len(u.declared()) > 0 {
		own = append(own, u.file()+":", u.Name+":")
	}
	for _, name := range slices.Sorted(maps.Keys(u.DropIns)) {
		own = append(own, u.dropIn(name)+":")
	}
	return own
}

// file is the path of the administrator's unit file.
func (u *Unit) file() string { return path.Join(unitDir, u.Name) }

// dropInDir is where the administrator's drop-ins of the unit lie.
func (u *Unit) dropInDir() string { return u.file() + ".d" }

func (u *Unit) dropIn(name string) string {
	return path.Join(u.dropInDir(), strings.TrimSuffix(name, ".conf")+".conf")
}

// Owns is part of Owner.
func (u *Unit) Owns() []node.Subject {
	owned := []node.Subject{{Kind: node.OfUnit, Name: u.Name}}
	if len(u.declared()) > 0 || u.Masked != nil || u.Departs() {
		owned = append(owned, node.Subject{Kind: node.OfPath, Name: u.file()})
	}
	for _, name := range slices.Sorted(maps.Keys(u.DropIns)) {
		owned = append(owned, node.Subject{Kind: node.OfPath, Name: u.dropIn(name)})
	}
	return owned
}

// Needs is part of Needer: an instance has the unit file of its template.
func (u *Unit) Needs() []node.Subject {
	before, instance, ok := strings.Cut(u.Name, "@")
	if !ok || strings.HasPrefix(instance, ".") {
		return nil
	}
	return []node.Subject{{Kind: node.OfUnit, Name: before + "@" + path.Ext(u.Name)}}
}

// Departs is part of Departer.
func (u *Unit) Departs() bool { return u.State.Departs() }

func isTrue(b *bool) bool { return b != nil && *b }

// isTemplate says whether a name is that of a template, "getty@.service".
func isTemplate(unit string) bool { return strings.Contains(unit, "@.") }
