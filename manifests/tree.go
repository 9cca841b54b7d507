package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// tree is the mapping that text holds as its only document, nil when there is
// no such thing. Its nodes are sound: no tags, keys that are text, aliases that
// neither go round in circles nor stand for more than valueLimit values.
func (l *loader) tree(text []byte) *yaml.Node {
	root, next, err := documents(text)
	if err != nil {
		l.syntaxError(text, err)
		return nil
	}
	if root != nil && next != nil {
		l.wrong(next, "a second document begins here: a manifest is one document")
		return nil
	}
	if root == nil || isNull(root.Content[0]) {
		l.wrongAt(Pos{l.file, 1, 1}, `the manifest is empty: it needs at least "version: 1"`)
		return nil
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		l.wrong(top, "a manifest is a mapping of sections, not %s", kindOf(top))
		return nil
	}
	c := treeCheck{l: l, sizes: map[*yaml.Node]int{}}
	if c.check(top, 0); c.broken {
		return nil
	}
	return top
}

// documents is the first two documents of a text. What the parser cannot stand
// is an error, not a panic.
func documents(text []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text))
	for _, to := range []**yaml.Node{&first, &second} {
		n := new(yaml.Node)
		if err := d.Decode(n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, err
		}
		*to = n
	}
	return first, second, nil
}

// A treeCheck walks over each node once. What an alias stands for is known by
// then: it refers to a node before it, or to one that it is part of.
type treeCheck struct {
	l      *loader
	sizes  map[*yaml.Node]int // of nodes with an anchor; 0 while in one
	broken bool               // nobody else should walk over the tree
}

// depthLimit is how deep values may be nested; no resource needs half of it.
const depthLimit = 32

// check returns how many values a node stands for.
func (c *treeCheck) check(n *yaml.Node, depth int) int {
	switch {
	case depth > depthLimit:
		c.stop(n, "values are nested more than %d deep", depthLimit)
		return 1
	case n.Style&yaml.TaggedStyle != 0:
		c.l.wrong(n, "tags such as %s are not supported: remove it", n.Tag)
		pass(n)
		return 1
	case n.Kind == yaml.AliasNode:
		return c.alias(n)
	case n.Kind == yaml.ScalarNode && strings.IndexByte(n.Value, 0) >= 0:
		c.l.wrong(n, "a text cannot hold a NUL byte: put it into a file (source)")
		pass(n)
	}
	if n.Anchor != "" {
		c.sizes[n] = 0
	}
	size := 1 + len(n.Value)/textPerValue
	for i, child := range n.Content {
		size += c.check(child, depth+1)
		if size > valueLimit {
			c.stop(child, "up to here, aliases stand for more than %d values", valueLimit)
			break
		}
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			c.key(child)
		}
	}
	if n.Anchor != "" {
		c.sizes[n] = size
	}
	return size
}

// stop is for what makes it unsafe to go on.
func (c *treeCheck) stop(n *yaml.Node, format string, args ...any) {
	if !c.broken {
		c.l.wrong(n, format, args...)
	}
	c.broken = true
}

func (c *treeCheck) alias(n *yaml.Node) int {
	size, known := c.sizes[n.Alias]
	switch {
	case !known: // it lies in a node that is passed over
		pass(n)
		return 1
	case size == 0:
		c.stop(n, "the alias *%s is part of what it stands for", n.Value)
		return 1
	}
	return size
}

func (c *treeCheck) key(n *yaml.Node) {
	switch at := target(n); {
	case passed(at):
	case at.Kind != yaml.ScalarNode:
		c.l.wrong(n, "a key is text, not %s", kindOf(at))
		pass(n)
	case isNull(at):
		c.l.wrong(n, "a key is missing")
		pass(n)
	}
}

// pass marks a node that is reported already, so that nobody looks at it again.
func pass(n *yaml.Node) { n.Kind = 0 }

func passed(n *yaml.Node) bool { return n.Kind == 0 }

// target is the node that n stands for: itself, unless it is an alias.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// kindOf says what a node is, for the reader of an error.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "nothing"
	}
	return "text"
}
