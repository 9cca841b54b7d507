package manifests

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"gopkg.in/yaml.v3"
)

// Every scalar, keys included, may hold ${vars.x} and ${facts.x}. Any other ${…}
// is left alone, and $${vars.x} stands for the text ${vars.x} itself. Text that
// an expansion brings in is not expanded again.

// expandLimit is how many bytes expansions may bring in, all together.
const expandLimit = 16 << 20

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
		l.variable(name)
	}
}

// variable is the value of a variable that exists; ok is false when it has none.
func (l *loader) variable(name string) (value string, ok bool) {
	v := l.vars.byName[name]
	if v.open && !passed(v.node) {
		from := slices.Index(l.vars.chain, name)
		l.wrong(v.node, "vars: %s refers to itself: %s -> %s", name, strings.Join(l.vars.chain[from:], " -> "), name)
		pass(v.node)
	}
	if !v.done && !passed(v.node) {
		v.open = true
		l.vars.chain = append(l.vars.chain, name)
		l.expand(v.node)
		l.vars.chain = l.vars.chain[:len(l.vars.chain)-1]
		v.open, v.done = false, true
	}
	return v.node.Value, !passed(v.node)
}

// values is all variables with their values.
func (v *variables) values() map[string]string {
	values := make(map[string]string, len(v.byName))
	for name, one := range v.byName {
		values[name] = one.node.Value
	}
	return values
}

// expandAll expands every scalar at and below a node.
func (l *loader) expandAll(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		l.expand(n)
	}
	for i, child := range n.Content {
		l.expandAll(child)
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			l.checkKey(child)
		}
	}
}

// keyLimit is how many bytes a key may have, as PATH_MAX.
const keyLimit = 4096

func (l *loader) checkKey(key *yaml.Node) {
	switch {
	case len(key.Value) > keyLimit:
		l.wrong(key, "a key of %d bytes is too long", len(key.Value))
		pass(key)
	case strings.ContainsFunc(key.Value, unicode.IsControl):
		l.wrong(key, "the key %q has control characters in it", key.Value)
		pass(key)
	}
}

// expand expands a scalar in its place, and marks it when that fails.
func (l *loader) expand(n *yaml.Node) {
	if !strings.Contains(n.Value, "${") || l.vars.expanded[n] {
		return
	}
	text, ok := l.expansion(n)
	if !ok {
		pass(n)
		return
	}
	n.Value = text
	l.vars.expanded[n] = true
}

func (l *loader) expansion(n *yaml.Node) (text string, ok bool) {
	var out strings.Builder
	ok = true
	rest := n.Value
	for i := strings.Index(rest, "${"); i >= 0; i = strings.Index(rest, "${") {
		scope, after := scopeOf(rest[i+2:])
		if scope == "" {
			out.WriteString(rest[:i+2])
			rest = rest[i+2:]
			continue
		}
		if i > 0 && rest[i-1] == '$' {
			out.WriteString(rest[:i-1] + "${")
			rest = rest[i+2:]
			continue
		}
		end := nameLength(after)
		if !strings.HasPrefix(after[end:], "}") {
			l.wrong(n, `"${%s.%s" is not closed by "}" (write $${%[1]s. for the text itself)`, scope, after[:end])
			return "", false
		}
		value, found := l.lookUp(n, scope, after[:end])
		if l.vars.size += len(value); l.vars.size > expandLimit {
			if l.vars.size-len(value) <= expandLimit {
				l.wrong(n, "up to here, variables expand to more than %s", inMiB(expandLimit))
			}
			return "", false
		}
		ok = ok && found
		out.WriteString(rest[:i] + value)
		rest = after[end+1:]
	}
	return out.String() + rest, ok
}

// scopes are what stands before the dot of an expansion.
var scopes = []string{"vars", "facts"}

// scopeOf splits the scope off what follows a "${"; the scope is empty when it
// is none of ours.
func scopeOf(s string) (scope, after string) {
	for _, scope := range scopes {
		if after, ok := strings.CutPrefix(s, scope+"."); ok {
			return scope, after
		}
	}
	return "", s
}

func (l *loader) lookUp(n *yaml.Node, scope, name string) (value string, ok bool) {
	if scope == "vars" {
		if l.vars.byName[name] != nil {
			return l.variable(name)
		}
		l.wrong(n, "unknown variable %q%s", name, l.didYouMean(name, maps.Keys(l.vars.byName)))
		return "", false
	}
	facts := l.facts()
	if value, ok = facts[name]; !ok {
		l.wrong(n, "unknown fact %q%s", name, l.didYouMean(name, maps.Keys(facts)))
	}
	return value, ok
}

// nameLength is how many bytes of s are a variable's name.
func nameLength(s string) int {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
	if end < 0 {
		return len(s)
	}
	return end
}

// onlyOnce is a function that calls f at most once; nil knows no facts.
func onlyOnce(f func() map[string]string) func() map[string]string {
	if f == nil {
		return func() map[string]string { return nil }
	}
	return sync.OnceValue(f)
}
