package manifests

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/makenotwork/mnw-agent/resources"
	"gopkg.in/yaml.v3"
)

// Encode writes entries as a manifest. Parse makes the same entries out of it:
// what looks like a variable in a text is escaped.
func Encode(entries []Entry) ([]byte, error) { return encode(entries, resources.All) }

func encode(entries []Entry, types []resources.Type) ([]byte, error) {
	root := mapping(plain("version"), &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
	for _, t := range types {
		section := mapping()
		for _, e := range entries {
			if e.ID.Type != t.Name {
				continue
			}
			n, err := e.encode()
			if err != nil {
				return nil, err
			}
			section.Content = append(section.Content, plain(e.ID.Name), n)
		}
		if len(section.Content) > 0 {
			root.Content = append(root.Content, plain(t.Section), section)
		}
	}
	means(root)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(root)
	return out.Bytes(), err
}

// encode is the declaration of one entry.
func (e *Entry) encode() (*yaml.Node, error) {
	n := new(yaml.Node)
	if err := n.Encode(e.Resource); err != nil {
		return nil, err
	}
	if e.Audit {
		n.Content = append(n.Content, plain("audit"), &yaml.Node{Kind: yaml.ScalarNode, Value: "true"})
	}
	if len(e.After) > 0 {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, ref := range e.After {
			list.Content = append(list.Content, plain(ref.ID.String()))
		}
		n.Content = append(n.Content, plain("after"), list)
	}
	return n, nil
}

// means makes sure that every text below n is read back as it is.
func means(n *yaml.Node) {
	for _, scope := range scopes {
		n.Value = strings.ReplaceAll(n.Value, "${"+scope+".", "$${"+scope+".")
	}
	if n.Kind == yaml.ScalarNode && !writesWell(n.Value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		means(child)
	}
}

// writesWell says whether the YAML library writes a text so that it can be read
// back, without being told how. Of texts with several lines it does not always.
func writesWell(text string) bool {
	strange := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	lines := strings.Contains(text, "\n")
	return !strings.ContainsFunc(text, strange) &&
		(!lines || strings.HasSuffix(text, "\n") && strings.TrimSpace(text)+"\n" == text && !strings.Contains(text, " \n"))
}

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: content}
}

func plain(text string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(text)
	return n
}
