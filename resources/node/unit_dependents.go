package node

import (
	"slices"
	"strings"
)

// This file finds out what else systemd stops when it stops a unit. A restart
// stops it too, and starts it again only when the unit comes up: when it does not,
// a service that nobody has touched stays down.

// dependencies are the properties that name the units that systemd stops with a
// unit: those with Requires=, Requisite=, BindsTo= and PartOf= on it.
var dependencies = []string{"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf"}

// Dependents is part of View.
func (l *Live) Dependents(unit string) ([]string, error) {
	if l.systemd == nil {
		return nil, ErrOffline
	}
	seen := []string{unit}
	for i := 0; i < len(seen); i++ {
		below, err := l.m.bus.dependents(seen[i])
		if err != nil {
			return nil, err
		}
		for _, name := range below {
			now, err := l.systemd.unit(name)
			if err == nil && now.Running() && !now.Own && !slices.Contains(seen, name) {
				seen = append(seen, name)
			}
		}
	}
	return slices.Sorted(slices.Values(seen[1:])), nil
}

// dependents is the units that depend on a unit, but for targets, which start
// nothing that is not started by itself.
func (b *bus) dependents(unit string) ([]string, error) {
	var names []string
	var questions []property
	for _, d := range dependencies {
		questions = append(questions, property{unitPath(unit), "Unit", d, func(v any) {
			list, _ := v.([]string)
			names = append(names, list...)
		}})
	}
	err := b.ask(questions)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, ".target") }), err
}
