package manifests

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// variables are the manifest's vars and what has become of them so far.
type variables struct {
	byName   map[string]*variable
	chain    []string            // those being expanded, each for the one before it
	expanded map[*yaml.Node]bool // what is done; aliases lead to a node more than once
	size     int                 // of what expansions have brought in
}

type variable struct {
	node *yaml.Node
	open bool // in the chain
	done bool
}

// readVars takes the section vars, nil when there is none. A variable is
// expanded when it is first used, so that their order means nothing.
func (l *loader) readVars(n *yaml.Node) {
	l.vars = variables{byName: map[string]*variable{}, expanded: map[*yaml.Node]bool{}}
	if n == nil || passed(n) || isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.wrong(n, "vars: want a mapping of names to values, not %s", kindOf(n))
		return
	}
	for key, value := range l.pairs(n) {
		l.vars.byName[key.Value] = &variable{node: value}
		switch {
		case passed(value):
		case key.Value == "" || nameLength(key.Value) != len(key.Value):
			l.wrong(key, "vars: %q is not a name: use letters, digits and _", key.Value)
		case isNull(value):
			l.wrong(value, `vars: %s has no value: write "" for an empty one`, key.Value)
			pass(value)
		case value.Kind != yaml.ScalarNode:
			l.wrong(value, "vars: %s is %s: a variable is one text or number", key.Value, kindOf(value))
			pass(value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.vars.byName)) {
		l.variable(n, name)
	}
}

// variable is the value of the variable that a node refers to; ok is false when
// it has none.
func (l *loader) variable(n *yaml.Node, name string) (value string, ok bool) {
	v := l.vars.byName[name]
	switch {
	case v == nil:
		l.wrong(n, "unknown variable %q%s", name, l.didYouMean(name, maps.Keys(l.vars.byName)))
		return "", false
	case passed(v.node) || v.done:
	case v.open:
		from := slices.Index(l.vars.chain, name)
		l.wrong(v.node, "vars: %s refers to itself: %s -> %s", name, strings.Join(l.vars.chain[from:], " -> "), name)
		pass(v.node)
	default:
		v.open = true
		l.vars.chain = append(l.vars.chain, name)
		l.expand(v.node)
		l.vars.chain = l.vars.chain[:len(l.vars.chain)-1]
		v.done = true
	}
	return v.node.Value, !passed(v.node)
}

// fact is the value of the fact that a node refers to.
func (l *loader) fact(n *yaml.Node, name string) (value string, ok bool) {
	facts := l.facts()
	if value, ok = facts[name]; !ok {
		l.wrong(n, "unknown fact %q%s", name, l.didYouMean(name, maps.Keys(facts)))
	}
	return value, ok
}

// values is all variables with their values.
func (v *variables) values() map[string]string {
	values := make(map[string]string, len(v.byName))
	for name, one := range v.byName {
		values[name] = one.node.Value
	}
	return values
}

// onlyOnce is a function that calls f at most once; nil knows no facts.
func onlyOnce(f func() map[string]string) func() map[string]string {
	if f == nil {
		return func() map[string]string { return nil }
	}
	return sync.OnceValue(f)
}
