// Package manifests is the language: it turns the YAML text of a manifest into
// typed resources, or into a list of all that is wrong with it, each error with
// its file, line and column.
//
// A text goes through these steps, a file for each:
//
//	files.go      who may write the file? read no more than is safe
//	text.go       is it text, and small enough to be taken apart?
//	tree.go       YAML to nodes, at most one document, no tags, aliases in bounds
//	expand.go     ${vars.x} and ${facts.x} are expanded (vars.go)
//	entries.go    sections to resources
//	check.go      each is filled, and checks itself
//	decode.go     nodes to Go structs (pairs.go, fields.go, scalars.go)
//	relations.go  what concerns several resources: after, and who owns what
//
// A step adds what it finds wrong to the list of problems, marks the node, and
// goes on; later steps pass over marked nodes in silence.
//
// The same types, read by reflection, give the schema (schema.go) and the
// reference for people (explain.go).
package manifests

import (
	"fmt"
	"path/filepath"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
	"gopkg.in/yaml.v3"
)

// A Manifest is what is wanted on a node.
type Manifest struct {
	Path string
	// Digest is the SHA-256, in hexadecimal, of the manifest and of all files that
	// it loads; without such files it is that of the manifest itself.
	Digest   string
	Vars     map[string]string
	Atomic   bool     // take everything back when one resource fails
	Fighting Fighting // when a resource is left to somebody who changes it again and again
	Entries  []Entry  // sorted by id
}

// An Entry is one resource as it is declared.
type Entry struct {
	ID       resources.ID
	Pos      Pos   // of its name
	After    []Ref // what must come before it, as stated
	Audit    bool  // report the difference, never act on it
	Resource resources.Resource
	Comments []string // above it, where it is encoded

	loaded []*node.Content // from files beside the manifest
}

// A Ref is a resource's id where it is referred to.
type Ref struct {
	ID  resources.ID
	Pos Pos
}

// A Pos is a place in a manifest. Lines and columns count from 1, columns in
// characters.
type Pos struct {
	File   string
	Line   int
	Column int
}

func (p Pos) before(q Pos) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Options are what a manifest's meaning depends on besides its text.
type Options struct {
	// Types are the types of resources; resources.All when nil.
	Types []resources.Type
	// Facts tells what may be known of the node. It is called at most once, and
	// only when the manifest uses a fact.
	Facts func() map[string]string
	// Reads is told each file before it is opened, whether it is there or not: what
	// the meaning of the manifest hangs on. Nil is nobody.
	Reads func(path string)
}

// Load reads the manifest at path and all that it loads. It looks at no node,
// facts aside. A file that is not safe to believe, or not safe to read, is
// refused. The error is a *multierror.Error that holds one *Error for each
// thing that is wrong, sorted by position.
func Load(path string, o Options) (*Manifest, error) {
	l := newLoader(path, o)
	text, err := l.sources.open(path, manifestLimit)
	if err != nil {
		l.wrongAt(Pos{File: path}, "%v", err)
		return nil, l.problems.err()
	}
	return l.load(text)
}

// Parse is Load for a text that is already there. The name stands in errors,
// and its directory is where relative sources are.
func Parse(name string, text []byte, o Options) (*Manifest, error) {
	return newLoader(name, o).load(text)
}

// A loader takes one manifest apart.
type loader struct {
	problems
	file     string
	sections map[string]resources.Type
	facts    func() map[string]string
	vars     variables
	sources  *sources
	reading  entrySources // the same, for the entry in hand
	patience int          // what may still be spent on suggestions

	keys     []string       // that lead to the node in hand, below a resource's name
	by       resources.ID   // the resource in hand
	mentions []mention      // of resources in the fields of others
	meta     metaparameters // of the resource in hand
	atomic   bool
	fighting Fighting
	scratch  []byte // for UnmarshalText, which keeps nothing of it
	entries  []Entry
}

func newLoader(file string, o Options) *loader {
	types := o.Types
	if types == nil {
		types = resources.All
	}
	l := &loader{
		file:     file,
		fighting: peace,
		sections: make(map[string]resources.Type, len(types)),
		facts:    onlyOnce(o.Facts),
		patience: enoughPatience,
	}
	for _, t := range types {
		l.sections[t.Section] = t
	}
	l.sources = &sources{dir: filepath.Dir(file), data: l.templateData, reads: o.Reads}
	l.reading.Sources = l.sources
	return l
}

func (l *loader) load(text []byte) (*Manifest, error) {
	m := &Manifest{Path: l.file}
	if l.readable(text) {
		if root := l.tree(text); root != nil {
			l.declare(root)
			l.relate()
			m.Entries = l.entries
			m.Vars = l.vars.values()
			m.Atomic, m.Fighting = l.atomic, l.fighting
			m.Digest = l.sources.digest(text)
		}
	}
	if err := l.problems.err(); err != nil {
		return nil, err
	}
	return m, nil
}

func (l *loader) at(n *yaml.Node) Pos {
	return Pos{File: l.file, Line: n.Line, Column: n.Column}
}
