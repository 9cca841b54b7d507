package manifests

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"reflect"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
	"gopkg.in/yaml.v3"
)

// Digest is the SHA-256, in hexadecimal, of what a resource is declared to be: its
// id, its fields with all variables in place, and what it loads from files. What
// comes before it, and whether it is only audited, is no part of that. Where it
// stands in the manifest, and how it is written, makes no difference.
func (e *Entry) Digest() string {
	sum := sha256.New()
	io.WriteString(sum, e.ID.String())
	hashNode(sum, nodeOf(reflect.ValueOf(e.Resource).Elem()))
	for _, content := range e.loaded {
		io.WriteString(sum, content.Digest())
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func hashNode(sum hash.Hash, n *yaml.Node) {
	io.WriteString(sum, fmt.Sprintf("\x00%d %d %d ", n.Kind, len(n.Content), len(n.Value))+n.Value)
	for _, below := range n.Content {
		hashNode(sum, below)
	}
}

// entrySources are the files beside a manifest for one entry, which keeps what it
// has loaded.
type entrySources struct {
	resources.Sources
	entry *Entry
}

// Read is part of resources.Sources.
func (s *entrySources) Read(name string) (*node.Content, error) {
	return s.keep(s.Sources.Read(name))
}

// Render is part of resources.Sources.
func (s *entrySources) Render(name, text string) (*node.Content, error) {
	return s.keep(s.Sources.Render(name, text))
}

func (s *entrySources) keep(c *node.Content, err error) (*node.Content, error) {
	if err == nil {
		s.entry.loaded = append(s.entry.loaded, c)
	}
	return c, err
}
