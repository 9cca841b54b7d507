package manifests

import (
	"io/fs"
	"reflect"

	"github.com/makenotwork/mnw-agent/resources"
)

// A reference knows what manifests may hold, for people and for editors. It is
// made from the types themselves, when it is asked for.
type reference struct {
	types []resources.Type
	docs  docs
}

// newReference is the reference for some types, whose source is given.
func newReference(types []resources.Type, source fs.FS) (*reference, error) {
	r := &reference{types: types, docs: docs{}}
	if err := r.docs.read(headingSource); err != nil {
		return nil, err
	}
	return r, r.docs.read(source)
}

// structOf is the struct of a type of resources.
func structOf(t resources.Type) reflect.Type { return reflect.TypeOf(t.New("")).Elem() }

// A chooser is a type of field that takes one of a few words.
type chooser interface{ Values() []string }

// choices is those words; nil for any other type.
func choices(t reflect.Type) []string {
	if c, ok := reflect.Zero(t).Interface().(chooser); ok && t.Kind() != reflect.Pointer {
		return c.Values()
	}
	return nil
}
