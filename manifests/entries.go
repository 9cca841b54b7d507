package manifests

import (
	"maps"
	"reflect"
	"slices"

	"github.com/makenotwork/mnw-agent/resources"
	"gopkg.in/yaml.v3"
)

// besides are the keys that are no sections.
var besides = []string{"version", "vars", "atomic", "fighting"}

// declare takes the sections of a manifest.
func (l *loader) declare(root *yaml.Node) {
	var version, vars, atomic, fighting *yaml.Node
	for key, value := range l.pairs(root) {
		switch key.Value {
		case "version":
			version = value
		case "vars":
			vars = value
		case "atomic":
			atomic = value
		case "fighting":
			fighting = value
		}
	}
	l.readVars(vars)
	l.expandAll(root)
	if !l.knownVersion(version) {
		return
	}
	if atomic != nil {
		l.value(atomic, decoderOf(reflect.TypeFor[bool]()), reflect.ValueOf(&l.atomic).Elem())
	}
	if fighting != nil {
		l.value(fighting, decoderOf(reflect.TypeFor[Fighting]()), reflect.ValueOf(&l.fighting).Elem())
	}
	for key, value := range l.pairs(root) {
		if t, ok := l.sections[key.Value]; ok {
			l.section(t, value)
		} else if !slices.Contains(besides, key.Value) {
			known := append(slices.Collect(maps.Keys(l.sections)), besides...)
			l.wrong(key, "unknown section %q%s", key.Value, l.didYouMean(key.Value, slices.Values(known)))
		}
	}
}

// knownVersion says whether it makes sense to look at the rest.
func (l *loader) knownVersion(n *yaml.Node) bool {
	if n == nil {
		l.wrongAt(Pos{l.file, 1, 1}, `the version is missing: write "version: 1" at the top`)
		return true
	}
	if !passed(n) && (n.Kind != yaml.ScalarNode || n.Value != "1") {
		l.wrong(n, "this program reads manifests of version 1: write \"version: 1\"")
		return false
	}
	return true
}

// section takes the resources of one type. A section, and a resource, that has
// nothing below it is an empty one: `caddy.service:` says as much as
// `caddy.service: {}`.
func (l *loader) section(t resources.Type, n *yaml.Node) {
	if passed(n) || isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.wrong(n, "%s: want a mapping of names to declarations, not %s", t.Section, kindOf(n))
		return
	}
	l.entries = slices.Grow(l.entries, len(n.Content)/2)
	shape := shapeOf(reflect.TypeOf(t.New("")).Elem(), metaType)
	for key, value := range l.pairs(n) {
		l.entries = append(l.entries, l.entry(t, shape, key, value))
	}
}

// entry takes one resource.
func (l *loader) entry(t resources.Type, s *shape, key, n *yaml.Node) Entry {
	e := Entry{ID: resources.ID{Type: t.Name, Name: key.Value}, Pos: l.at(key)}
	e.Resource = t.New(e.ID.Name)
	l.by = e.ID
	found := l.found()
	fields := reflect.ValueOf(e.Resource).Elem()
	switch {
	case e.ID.Name == "":
		l.wrong(key, "a name is missing")
	case s.name != nil:
		s.name(l, key, fields.Field(0))
	}
	switch {
	case passed(n), isNull(n):
	case n.Kind != yaml.MappingNode:
		l.wrong(n, "%s: want its fields, not %s: write {} for an empty declaration", e.ID, kindOf(n))
	default:
		l.meta = metaparameters{}
		l.fields(n, s, fields, reflect.ValueOf(&l.meta).Elem())
		e.After, e.Audit = l.meta.After, l.meta.Audit
	}
	if l.found() == found {
		l.complete(key, n, &e)
	} else if !l.full() {
		l.checkRest(key, n, e.Resource, found)
	}
	if l.found() > found {
		e.Resource = nil // nobody should ask it for more
	}
	return e
}
