package manifests

import (
	"iter"
	"slices"

	"gopkg.in/yaml.v3"
)

// pairs is the keys and values of a mapping, without those that are passed
// over: its own, and then what merge keys (<<) bring in. A key that stands there
// twice is an error, found in linear time.
func (l *loader) pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		pairs := n.Content
		if slices.ContainsFunc(pairs, isMerge) {
			pairs = l.merged(n)
		}
		var many map[string]*yaml.Node
		if len(pairs) > fewPairs {
			many = make(map[string]*yaml.Node, len(pairs)/2)
		}
		for i := 0; i < len(pairs); i += 2 {
			key := target(pairs[i])
			if passed(key) {
				continue
			}
			if first := firstWith(key, pairs[:i], many); first != nil {
				l.wrong(pairs[i], "duplicate key %q: the first is in line %d", key.Value, first.Line)
				pass(pairs[i])
			} else if !yield(key, target(pairs[i+1])) {
				return
			}
		}
	}
}

// fewPairs is how many nodes are looked through faster than put into a map.
const fewPairs = 32

// firstWith is the key before this one that has the same text: found among the
// pairs before it or, when it is not nil, in the map, to which this one is added.
func firstWith(key *yaml.Node, before []*yaml.Node, many map[string]*yaml.Node) *yaml.Node {
	if many != nil {
		first := many[key.Value]
		if first == nil {
			many[key.Value] = key
		}
		return first
	}
	for i := 0; i < len(before); i += 2 {
		if first := target(before[i]); first.Value == key.Value && !passed(first) {
			return first
		}
	}
	return nil
}

func isMerge(n *yaml.Node) bool { return n.Tag == "!!merge" && !passed(n) }

// merged is the pairs of a mapping with those that its merge key brings in, as
// https://yaml.org/type/merge.html has it: its own come first, then those of
// each mapping in turn, and the first with a key is the one that counts.
func (l *loader) merged(n *yaml.Node) []*yaml.Node {
	var all, sources []*yaml.Node
	taken := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !isMerge(key):
			all = append(all, key, value)
			taken[target(key).Value] = true
		case sources != nil:
			l.wrong(key, `duplicate key "<<": give it a list, [*a, *b]`)
		default:
			sources = l.mergeSources(value)
		}
	}
	for _, source := range sources {
		pairs := l.merged(source)
		for i := 0; i < len(pairs); i += 2 {
			if name := target(pairs[i]).Value; !taken[name] {
				all = append(all, pairs[i], pairs[i+1])
				taken[name] = true
			}
		}
	}
	return all
}

// mergeSources is the mappings that the value of a merge key stands for.
func (l *loader) mergeSources(value *yaml.Node) []*yaml.Node {
	list := []*yaml.Node{value}
	if n := target(value); n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	var sources []*yaml.Node
	for _, item := range list {
		switch n := target(item); {
		case passed(n):
		case n.Kind == yaml.MappingNode:
			sources = append(sources, n)
		default:
			l.wrong(item, "a merge key (<<) takes a mapping or a list of mappings, not %s", kindOf(n))
		}
	}
	return sources
}
