package manifests

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/makenotwork/mnw-agent/resources"
	"gopkg.in/yaml.v3"
)

// declare takes the sections of a manifest.
func (l *loader) declare(root *yaml.Node) {
	var version, vars *yaml.Node
	for key, value := range l.pairs(root) {
		switch key.Value {
		case "version":
			version = value
		case "vars":
			vars = value
		}
	}
	l.readVars(vars)
	l.expandAll(root)
	if !l.knownVersion(version) {
		return
	}
	for key, value := range l.pairs(root) {
		if t, ok := l.sections[key.Value]; ok {
			l.section(t, value)
		} else if key.Value != "version" && key.Value != "vars" {
			known := append(slices.Collect(maps.Keys(l.sections)), "version", "vars")
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
		l.complete(key, n, e.Resource)
	} else if !l.full() {
		l.checkRest(key, n, e.Resource, found)
	}
	if l.found() > found {
		e.Resource = nil // nobody should ask it for more
	}
	return e
}

// complete fills a resource from the files beside the manifest, and has it
// check itself.
func (l *loader) complete(key, n *yaml.Node, r resources.Resource) {
	if filler, ok := r.(resources.Filler); ok {
		if err := filler.Fill(l.sources); err != nil {
			l.wrongFields(key, n, err)
			return
		}
	}
	if checker, ok := r.(resources.Checker); ok {
		l.wrongFields(key, n, checker.Check())
	}
}

// checkRest has a resource with fields that are wrong check itself all the same,
// for its other fields: what it says of the wrong ones may be but a consequence.
func (l *loader) checkRest(key, n *yaml.Node, r resources.Resource, found int) {
	checker, ok := r.(resources.Checker)
	if !ok || n.Kind != yaml.MappingNode {
		return
	}
	wrong := map[Pos]bool{}
	for _, e := range l.list[found:] {
		wrong[Pos{e.File, e.Line, e.Column}] = true
	}
	for _, one := range fieldErrors(checker.Check()) {
		if field := l.fieldValue(n, one.Field); field != nil && !l.holds(field, wrong) {
			l.wrongFields(key, n, one)
		}
	}
}

// fieldErrors is the errors in fields that a resource's own check has found.
func fieldErrors(err error) []*resources.FieldError {
	switch many := err.(type) {
	case *resources.FieldError:
		return append([]*resources.FieldError(nil), many)
	case interface{ Unwrap() []error }:
		var all []*resources.FieldError
		for _, one := range many.Unwrap() {
			all = append(all, fieldErrors(one)...)
		}
		return all
	}
	return nil
}

// fieldValue is what stands at a field below a mapping, nil when nothing does.
func (l *loader) fieldValue(n *yaml.Node, field []string) *yaml.Node {
	if len(field) == 0 {
		return n
	}
	if n.Kind == yaml.MappingNode {
		for key, value := range l.pairs(n) {
			if key.Value == field[0] {
				return l.fieldValue(target(value), field[1:])
			}
		}
	}
	return nil
}

// holds says whether a node, or one below it, is at one of the places.
func (l *loader) holds(n *yaml.Node, places map[Pos]bool) bool {
	return places[l.at(n)] || slices.ContainsFunc(n.Content, func(below *yaml.Node) bool { return l.holds(below, places) })
}

// wrongFields adds an error of a resource about itself: each error in a field
// at that field, any other at the resource's name.
func (l *loader) wrongFields(key, n *yaml.Node, err error) {
	switch many := err.(type) {
	case nil:
	case interface{ Unwrap() []error }:
		for _, err := range many.Unwrap() {
			l.wrongFields(key, n, err)
		}
	case interface{ WrappedErrors() []error }:
		for _, err := range many.WrappedErrors() {
			l.wrongFields(key, n, err)
		}
	default:
		var one *resources.FieldError
		if !errors.As(err, &one) {
			l.wrong(key, "%v", err)
			return
		}
		l.keys = one.Field
		l.wrong(l.find(key, n, one.Field), "%v", err)
		l.keys = nil
	}
}

// find is the node for an error in a field: its value when that is a scalar,
// otherwise the last key on the way to it.
func (l *loader) find(key, n *yaml.Node, field []string) *yaml.Node {
	switch {
	case len(field) == 0 && n.Kind == yaml.ScalarNode && !isNull(n):
		return n
	case len(field) == 0:
		return key
	}
	switch n.Kind {
	case yaml.MappingNode:
		for k, value := range l.pairs(n) {
			if k.Value == field[0] {
				return l.find(k, value, field[1:])
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(field[0]); err == nil && i >= 0 && i < len(n.Content) {
			item := target(n.Content[i])
			return l.find(item, item, field[1:])
		}
	}
	return key
}
