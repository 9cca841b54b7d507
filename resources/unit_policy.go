package resources

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// OnChange is what a changed unit file leads to.
type OnChange string

// The answers to a changed unit file.
const (
	RestartOnChange         OnChange = "restart"
	ReloadOnChange          OnChange = "reload"
	ReloadOrRestartOnChange OnChange = "reload-or-restart"
	NothingOnChange         OnChange = "none"
)

// UnmarshalText takes one of the answers.
func (o *OnChange) UnmarshalText(text []byte) error {
	*o = OnChange(text)
	return oneOf(string(text), o.Values())
}

// Values is what an answer can be.
func (OnChange) Values() []string { return []string{"restart", "reload", "reload-or-restart", "none"} }

// OnStale is what a changed file that a unit reads leads to.
type OnStale string

// The answers to a changed file.
const (
	RestartOnStale OnStale = "restart"
	ReloadOnStale  OnStale = "reload"
	ReportOnStale  OnStale = "report"
)

// UnmarshalText takes one of the answers.
func (o *OnStale) UnmarshalText(text []byte) error {
	*o = OnStale(text)
	return oneOf(string(text), o.Values())
}

// Values is what an answer can be.
func (OnStale) Values() []string { return []string{"restart", "reload", "report"} }

func oneOf(text string, words []string) error {
	if slices.Contains(words, text) {
		return nil
	}
	return fmt.Errorf("%q is none of %s", text, strings.Join(words, ", "))
}

// onChange is what a newer unit file leads to. A changed slice, target or mount
// is in force as soon as systemd has read it.
func (u *Unit) onChange(unit *unitfile.Unit) answer {
	switch u.OnChange {
	case NothingOnChange:
		return report
	case ReloadOnChange:
		return reload
	case RestartOnChange:
		return restart
	case ReloadOrRestartOnChange:
		if unit.CanReload() {
			return reload
		}
		return restart
	}
	switch path.Ext(u.Name) {
	case ".service", ".socket", ".timer", ".path":
		return restart
	}
	return ignore
}

// onStale is what a newer file that the unit reads leads to.
func (u *Unit) onStale() answer {
	switch u.OnStale {
	case ReloadOnStale:
		return reload
	case ReportOnStale:
		return report
	}
	return restart
}

// down is why the unit must not run, "" when it may.
func (u *Unit) down() string {
	switch {
	case u.Departs():
		return "it is declared absent"
	case isTrue(u.Masked):
		return "it is declared masked"
	case u.Active != nil && !*u.Active:
		return "it is declared not active"
	}
	return ""
}
