package manifests

import (
	"errors"
	"slices"
	"strconv"

	"github.com/makenotwork/mnw-agent/resources"
	"gopkg.in/yaml.v3"
)

// complete fills a resource from the files beside the manifest, and has it
// check itself.
func (l *loader) complete(key, n *yaml.Node, e *Entry) {
	r := e.Resource
	if filler, ok := r.(resources.Filler); ok {
		l.reading.entry = e
		if err := filler.Fill(&l.reading); err != nil {
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
		return []*resources.FieldError{many}
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
