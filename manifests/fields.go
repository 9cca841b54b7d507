package manifests

import (
	"iter"
	"reflect"
	"strings"
	"sync"
)

// A shape is the fields that a mapping may have, out of one or several structs.
// It follows the yaml struct tags: a name, and inline for embedded structs. The
// first field of a resource, when no key fills it ("-"), is its name.
type shape struct {
	fields []field // in the order of declaration
	byKey  map[string]int
	name   decoder // of the first field, when that is a resource's name
}

type field struct {
	key    string
	of     int   // which of the structs it belongs to
	index  []int // its way in that struct
	decode decoder
}

func (s *shape) field(key string) *field {
	i, ok := s.byKey[key]
	if !ok {
		return nil
	}
	return &s.fields[i]
}

func (s *shape) keys() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range s.fields {
			if !yield(f.key) {
				return
			}
		}
	}
}

// shapes holds the shapes that were made, by the first struct's type: building
// one costs more than decoding with it.
var shapes sync.Map

// shapeOf is the shape of a struct, with the fields of further ones. A type
// always comes with the same further ones.
func shapeOf(t reflect.Type, further ...reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{byKey: map[string]int{}}
	for of, t := range append([]reflect.Type{t}, further...) {
		for key, f := range manifestFields(t) {
			if _, taken := s.byKey[key]; taken {
				continue // a type's own field goes before one that all have
			}
			s.byKey[key] = len(s.fields)
			s.fields = append(s.fields, field{key, of, f.Index, decoderOf(f.Type)})
		}
	}
	if t.NumField() > 0 && t.Field(0).Tag.Get("yaml") == "-" {
		s.name = scalarDecoder(t.Field(0).Type)
	}
	shapes.Store(t, s)
	return s
}

// manifestFields is the fields of a struct that a manifest may name, by key.
// Those of inline structs come in their place.
func manifestFields(t reflect.Type) iter.Seq2[string, reflect.StructField] {
	return func(yield func(string, reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			key, inline := keyOf(f)
			if key != "" && !inline && reached(t, f.Index) && !yield(key, f) {
				return
			}
		}
	}
}

// keyOf is the key of a field; empty for one that is not in a manifest.
func keyOf(f reflect.StructField) (key string, inline bool) {
	if !f.IsExported() {
		return "", false
	}
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case name == "-":
		return "", false
	case name == "":
		name = strings.ToLower(f.Name)
	}
	return name, strings.Contains(","+options+",", ",inline,")
}

// reached says whether the embedded structs on the way to a field are inline.
func reached(t reflect.Type, index []int) bool {
	for ; len(index) > 1; index = index[1:] {
		f := t.Field(index[0])
		if _, inline := keyOf(f); !inline {
			return false
		}
		t = f.Type
	}
	return true
}
