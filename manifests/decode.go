package manifests

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// A decoder puts what a node says into a value of one type, or adds to the
// problems why it cannot. The node is no alias and not passed over.
type decoder func(l *loader, n *yaml.Node, into reflect.Value)

// decoderOf is the decoder for a type. It panics for a type that no manifest
// can hold, which is a fault of the program.
func decoderOf(t reflect.Type) decoder {
	scalar := scalarDecoder(t)
	switch {
	case t.Kind() == reflect.Struct && !isRef(t):
		return structDecoder(t, scalar)
	case scalar != nil:
		return scalar
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerDecoder(t)
	case reflect.Slice:
		return listDecoder(t)
	case reflect.Map:
		return mapDecoder(t)
	}
	panic("a manifest cannot hold a value of type " + t.String())
}

// value decodes a node that may be an alias, or passed over.
func (l *loader) value(n *yaml.Node, decode decoder, into reflect.Value) {
	if n = target(n); !passed(n) {
		decode(l, n, into)
	}
}

// fields decodes the pairs of a mapping into the fields that their keys name.
func (l *loader) fields(n *yaml.Node, s *shape, into ...reflect.Value) {
	for key, value := range l.pairs(n) {
		f := s.field(key.Value)
		if f == nil {
			l.wrong(key, "unknown field %q%s", key.Value, l.didYouMean(key.Value, s.keys()))
			continue
		}
		l.keys = append(l.keys, key.Value)
		l.value(value, f.decode, into[f.of].FieldByIndex(f.index))
		l.keys = l.keys[:len(l.keys)-1]
	}
}

// structDecoder is for a mapping; or, where the type can be had from one scalar
// as well, for that.
func structDecoder(t reflect.Type, scalar decoder) decoder {
	shape := shapeOf(t)
	return func(l *loader, n *yaml.Node, into reflect.Value) {
		switch {
		case scalar != nil && n.Kind == yaml.ScalarNode:
			scalar(l, n, into)
		case l.isMapping(n):
			l.fields(n, shape, into)
		}
	}
}

func pointerDecoder(t reflect.Type) decoder {
	elem := decoderOf(t.Elem())
	return func(l *loader, n *yaml.Node, into reflect.Value) {
		p := reflect.New(t.Elem())
		elem(l, n, p.Elem())
		into.Set(p)
	}
}

func listDecoder(t reflect.Type) decoder {
	elem := decoderOf(t.Elem())
	return func(l *loader, n *yaml.Node, into reflect.Value) {
		switch {
		case isNull(n):
			l.wrong(n, "there is no value: write [] for an empty list, or leave the key out")
		case n.Kind != yaml.SequenceNode:
			l.wrong(n, "want a list, such as [a, b], not %s", kindOf(n))
		default:
			list := reflect.MakeSlice(t, len(n.Content), len(n.Content))
			for i, item := range n.Content {
				l.value(item, elem, list.Index(i))
			}
			into.Set(list)
		}
	}
}

func mapDecoder(t reflect.Type) decoder {
	decodeKey, decodeValue := scalarDecoder(t.Key()), decoderOf(t.Elem())
	return func(l *loader, n *yaml.Node, into reflect.Value) {
		if !l.isMapping(n) {
			return
		}
		m := reflect.MakeMapWithSize(t, len(n.Content)/2)
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for k, v := range l.pairs(n) {
			key.SetZero()
			value.SetZero()
			decodeKey(l, k, key)
			l.keys = append(l.keys, k.Value)
			l.value(v, decodeValue, value)
			l.keys = l.keys[:len(l.keys)-1]
			m.SetMapIndex(key, value)
		}
		into.Set(m)
	}
}

func (l *loader) isMapping(n *yaml.Node) bool {
	switch {
	case isNull(n):
		l.wrong(n, "there is no value: write {} for an empty mapping, or leave the key out")
	case n.Kind != yaml.MappingNode:
		l.wrong(n, "want a mapping, such as {a: b}, not %s", kindOf(n))
	}
	return n.Kind == yaml.MappingNode
}
