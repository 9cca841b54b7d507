package manifests

import (
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// Every scalar, keys included, may hold ${vars.x} and ${facts.x}. Any other ${…}
// is left alone, and $${vars.x} stands for the text ${vars.x} itself. Text that
// an expansion brings in is not expanded again.

// expandLimit is how many bytes expansions may bring in, all together.
const expandLimit = 16 << 20

// expandAll expands every scalar at and below a node.
func (l *loader) expandAll(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		l.expand(n)
	}
	for i, child := range n.Content {
		l.expandAll(child)
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			l.checkKey(target(child))
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

// expansion is what becomes of a scalar's text; ok is false when something in
// it is wrong.
func (l *loader) expansion(n *yaml.Node) (text string, ok bool) {
	var out strings.Builder
	rest, ok := n.Value, true
	for {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			return out.String() + rest, ok
		}
		switch scope, reference := scopeOf(after); {
		case scope == "":
			out.WriteString(before + "${")
			rest = after
		case strings.HasSuffix(before, "$"):
			out.WriteString(before + "{")
			rest = after
		default:
			name := reference[:nameLength(reference)]
			value, known := l.lookUp(n, scope, name, reference[len(name):])
			out.WriteString(before + value)
			rest = strings.TrimPrefix(reference[len(name):], "}")
			ok = ok && known
		}
	}
}

// lookUp is the value of a variable or a fact, whose name the text after it
// should close.
func (l *loader) lookUp(n *yaml.Node, scope, name, after string) (value string, ok bool) {
	if !strings.HasPrefix(after, "}") {
		l.wrong(n, `"${%s.%s" is not closed by "}" (write $${%[1]s. for the text itself)`, scope, name)
		return "", false
	}
	if l.vars.size > expandLimit {
		return "", false
	}
	if scope == "vars" {
		value, ok = l.variable(n, name)
	} else {
		value, ok = l.fact(n, name)
	}
	if l.vars.size += len(value); l.vars.size > expandLimit {
		l.wrong(n, "up to here, variables expand to more than %s", inMiB(expandLimit))
		return "", false
	}
	return value, ok
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
