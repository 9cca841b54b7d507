package node

import (
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

// A Unit is what a unit is doing, as systemd tells it (org.freedesktop.systemd1(5)).
// How it is configured is read from its files.
type Unit struct {
	Name        string
	LoadState   string // loaded, not-found, masked, error, bad-setting
	ActiveState string // active, reloading, inactive, failed, activating, deactivating
	SubState    string // running, exited, auto-restart, dead, …
	MainPID     int    // 0 when there is none

	// Started is when the main process was last started, which systemd notes right
	// after the fork, as a rule before it has read anything; of a unit without
	// processes, when it became active.
	Started time.Time
	// Loaded is when a running unit last read its configuration: at its last
	// reload that succeeded, or when it was started.
	Loaded time.Time
	// ReloadFailed says that the last reload did not succeed.
	ReloadFailed bool

	// NeedsReload is NeedDaemonReload: it may be believed when it says yes.
	NeedsReload bool
	// File is the unit file that systemd has read, "" for none.
	File string
	// DropIns is the drop-ins that it has read.
	DropIns []string `json:",omitempty"`
	// Own says that the process that looks runs in this unit.
	Own bool
}

// Running says whether the unit is up: active, or active and reloading.
func (u Unit) Running() bool {
	return u.ActiveState == "active" || u.ActiveState == "reloading"
}

// State tells what the unit is doing: "active (running)", "failed".
func (u Unit) State() string {
	switch {
	case u.ActiveState == "":
		return "inactive"
	case u.SubState == u.ActiveState, u.SubState == "dead":
		return u.ActiveState
	}
	return u.ActiveState + " (" + u.SubState + ")"
}

// A Manager is what systemd says of itself.
type Manager struct {
	Loaded time.Time // when it last began to read unit files
}

// An account is the properties of a unit while they come in.
type account struct {
	Unit
	canReload                                bool
	activeSince, stateChanged, reloadStarted time.Time
}

// questions are what is asked about a unit. systemd loads a unit that it does
// not know when somebody asks for it, as `systemctl show` makes it do, and
// forgets it again.
func (a *account) questions() []property {
	at := unitPath(a.Name)
	questions := []property{
		{at, "Unit", "LoadState", toString(&a.LoadState)},
		{at, "Unit", "ActiveState", toString(&a.ActiveState)},
		{at, "Unit", "SubState", toString(&a.SubState)},
		{at, "Unit", "ActiveEnterTimestamp", toTime(&a.activeSince)},
		{at, "Unit", "StateChangeTimestamp", toTime(&a.stateChanged)},
		{at, "Unit", "NeedDaemonReload", func(v any) { a.NeedsReload, _ = v.(bool) }},
		{at, "Unit", "FragmentPath", toString(&a.File)},
		{at, "Unit", "DropInPaths", func(v any) { a.DropIns, _ = v.([]string) }},
	}
	if !strings.HasSuffix(a.Name, ".service") {
		return questions
	}
	return append(questions,
		property{at, "Service", "MainPID", func(v any) { pid, _ := v.(uint32); a.MainPID = int(pid) }},
		property{at, "Service", "ExecMainStartTimestamp", toTime(&a.Started)},
		property{at, "Service", "ReloadResult", func(v any) { a.ReloadFailed = v != "success" }},
		property{at, "Service", "ExecReload", a.takeReload},
	)
}

func unitPath(name string) dbus.ObjectPath {
	return managerPath + "/unit/" + dbus.ObjectPath(systemd.PathBusEscape(name))
}

func toString(s *string) func(any) {
	return func(v any) { *s, _ = v.(string) }
}

// takeReload takes when the first command of the last reload was started. The
// time stamp is the fourth of ten fields, and 0 after a daemon-reload.
func (a *account) takeReload(v any) {
	commands, _ := v.([][]any)
	a.canReload = len(commands) > 0
	if a.canReload && len(commands[0]) > 3 {
		toTime(&a.reloadStarted)(commands[0][3])
	}
}

// unit draws the conclusions. When systemd no longer has the time of the
// reload, the last change of state is the end of that reload, unless it was
// the start.
func (a *account) unit() Unit {
	u := a.Unit
	if u.Started.IsZero() {
		u.Started = a.activeSince
	}
	u.Loaded = u.Started
	switch {
	case u.ActiveState != "active" || u.ReloadFailed || !a.canReload:
	case a.reloadStarted.After(u.Started):
		u.Loaded = a.reloadStarted
	case a.stateChanged.After(a.activeSince):
		u.Loaded = a.stateChanged
	}
	return u
}
