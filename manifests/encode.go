package manifests

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/makenotwork/mnw-agent/resources"
	"gopkg.in/yaml.v3"
)

// Encode writes entries as a manifest out of which Parse makes the same again.
// The library's own encoder of structs is not used: texts with several lines do
// not always survive it.
func Encode(entries []Entry) ([]byte, error) { return encode(entries, resources.All) }

func encode(entries []Entry, types []resources.Type) ([]byte, error) {
	root := mapping(scalar("version"), verbatim("1"))
	for _, t := range types {
		section := mapping()
		for _, e := range entries {
			if e.ID.Type != t.Name {
				continue
			}
			n := mapping(scalar(e.ID.Name), e.node())
			if !isText(n) {
				return nil, fmt.Errorf("%s: a manifest cannot hold what is not UTF-8 or has a NUL in it: put it into a file (source)", e.ID)
			}
			n.Content[0].HeadComment = asComment(e.Comments)
			section.Content = append(section.Content, n.Content...)
		}
		if len(section.Content) > 0 {
			root.Content = append(root.Content, scalar(t.Section), section)
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(root)
	return out.Bytes(), err
}

// asComment is texts as a comment. YAML has no comments with control characters.
func asComment(texts []string) string {
	var lines []string
	for line := range strings.Lines(strings.Join(texts, "\n")) {
		line = strings.ToValidUTF8(strings.TrimSuffix(line, "\n"), "\uFFFD")
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }) {
			line = strconv.Quote(line)
		}
		lines = append(lines, "# "+line)
	}
	return strings.Join(lines, "\n")
}

// isText says whether all scalars at and below a node can stand in a manifest.
func isText(n *yaml.Node) bool {
	return n.Tag != "!!binary" && strings.IndexByte(n.Value, 0) < 0 &&
		!slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return !isText(child) })
}

func (e *Entry) node() *yaml.Node {
	n := nodeOf(reflect.ValueOf(e.Resource).Elem())
	meta := nodeOf(reflect.ValueOf(metaparameters{e.After, e.Audit}))
	n.Content = append(n.Content, meta.Content...)
	return n
}

// nodeOf is a value as a node. Fields that say nothing are left out.
func nodeOf(v reflect.Value) *yaml.Node {
	switch ref := v.Interface().(type) {
	case Ref:
		return scalar(ref.ID.String())
	case resources.ID:
		return scalar(ref.String())
	}
	if text, ok := textOf(v); ok {
		return scalar(text)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return nodeOf(v.Elem())
	case reflect.Struct:
		n := mapping()
		for key, f := range manifestFields(v.Type()) {
			if value := v.FieldByIndex(f.Index); !value.IsZero() {
				n.Content = append(n.Content, scalar(key), nodeOf(value))
			}
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			n.Content = append(n.Content, nodeOf(v.Index(i)))
		}
		return n
	case reflect.Map:
		n := mapping()
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			n.Content = append(n.Content, nodeOf(key), nodeOf(v.MapIndex(key)))
		}
		return n
	}
	return verbatim(fmt.Sprint(v.Interface()))
}

// textOf is the text of a value that is written as one.
func textOf(v reflect.Value) (text string, ok bool) {
	if v.Kind() == reflect.Pointer {
		return "", false
	}
	if marshaler, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := marshaler.MarshalText()
		return string(text), err == nil
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String(), true
	}
	return v.String(), v.Kind() == reflect.String
}

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: content}
}

// verbatim is a number, true or false.
func verbatim(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// scalar is a text, escaped where it looks like a variable, and in double
// quotes where it would not be read back otherwise.
func scalar(text string) *yaml.Node {
	for _, scope := range scopes {
		text = strings.ReplaceAll(text, "${"+scope+".", "$${"+scope+".")
	}
	n := new(yaml.Node)
	n.SetString(text)
	if !survives(text) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// survives says whether a text is read back from the style that the library
// chooses: a block when it has several lines.
func survives(text string) bool {
	strange := strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
	if strange || text == "<<" || text == "\n" {
		return false
	}
	if !strings.Contains(text, "\n") {
		return !strings.Contains(text, "\t")
	}
	return strings.TrimSpace(text)+"\n" == text && !strings.Contains(text, " \n") && !strings.Contains(text, "\t\n")
}
