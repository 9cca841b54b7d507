package resources

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// This file is the units that start others by themselves. Such a unit is acted on before
// those: systemd starts no socket of a service that runs already, and a service
// that is stopped first may be started again at once.

var triggers = []string{".socket", ".path", ".timer"}

// TriggersOf is the names of the units that start a unit, unless they say otherwise
// (systemd.socket(5), systemd.path(5), systemd.timer(5)).
func TriggersOf(unit string) []string {
	ext := path.Ext(unit)
	if slices.Contains(triggers, ext) {
		return nil
	}
	var names []string
	for _, trigger := range triggers {
		names = append(names, strings.TrimSuffix(unit, ext)+trigger)
	}
	return names
}

// TriggersFirst compares the names of two units by which one is acted on first.
func TriggersFirst(a, b string) int { return cmp.Compare(turn(a), turn(b)) }

func turn(unit string) int {
	if slices.Contains(triggers, path.Ext(unit)) {
		return 0
	}
	return 1
}
