package unitfile

import (
	"slices"
	"strings"
)

// Values are the values assigned to a key of a section ("Service",
// "ExecStart"), in order and as they are written. An empty assignment resets
// the list, as it does for nearly all settings that may stand several times.
func (u *Unit) Values(section, key string) []string {
	var out []string
	for _, s := range u.settings(section, key) {
		out = append(out, s.Value)
	}
	return out
}

// settings is Values with the places.
func (u *Unit) settings(section, key string) []Setting {
	return settingsOf(u.Settings, section, key)
}

func settingsOf(all []Setting, section, key string) []Setting {
	var out []Setting
	for _, s := range all {
		switch {
		case s.Section != section || s.Key != key:
		case s.Value == "":
			out = nil
		default:
			out = append(out, s)
		}
	}
	return out
}

// Value is the last value assigned to a key, as it is written; "" when there is
// none or an empty assignment came last.
func (u *Unit) Value(section, key string) string {
	values := u.Values(section, key)
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// Bool is the last value of a key that says yes or no in one of the ways of
// systemd.syntax(7). It is not ok when there is none.
func (u *Unit) Bool(section, key string) (value, ok bool) {
	for _, v := range u.Values(section, key) {
		switch strings.ToLower(v) {
		case "1", "yes", "y", "true", "t", "on":
			value, ok = true, true
		case "0", "no", "n", "false", "f", "off":
			value, ok = false, true
		}
	}
	return value, ok
}

// section is the section of the unit's own type: [Service], [Socket], …, where
// the settings of systemd.exec(5) stand.
func (u *Unit) section() string {
	n, _ := parseName(u.Name)
	if n.typ == "" {
		return ""
	}
	return strings.ToUpper(n.typ[:1]) + n.typ[1:]
}

var serviceTypes = []string{"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"}

// Type is the Type= of a service, or what stands for it when that is not set;
// "" for units of other types. See systemd.service(5).
func (u *Unit) Type() string {
	if u.section() != "Service" {
		return ""
	}
	for _, s := range slices.Backward(u.Settings) {
		if s.Section == "Service" && s.Key == "Type" && slices.Contains(serviceTypes, s.Value) {
			return s.Value
		}
	}
	switch {
	case u.Value("Service", "BusName") != "":
		return "dbus"
	case len(u.Commands("ExecStart")) > 0:
		return "simple"
	}
	return "oneshot"
}

// RemainAfterExit reports whether a service counts as active when its
// processes are gone.
func (u *Unit) RemainAfterExit() bool {
	on, _ := u.Bool("Service", "RemainAfterExit")
	return on
}

// CanReload reports whether the unit can be reloaded: a service with a command
// for it, or one that is told by signal.
func (u *Unit) CanReload() bool {
	return len(u.Commands("ExecReload")) > 0 || u.Type() == "notify-reload"
}
