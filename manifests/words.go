package manifests

import (
	"reflect"
	"strings"
	"unicode"
)

// innerStruct is the struct that a value holds, once or by name or in a list;
// nil when it holds none.
func innerStruct(t reflect.Type) reflect.Type {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return innerStruct(t.Elem())
	case reflect.Struct:
		if !isRef(t) {
			return t
		}
	}
	return nil
}

// words say what a field takes.
func words(t reflect.Type) string {
	text := reflect.PointerTo(t).Implements(unmarshalerType)
	switch {
	case isRef(t):
		return "id"
	case t.Kind() == reflect.Struct && choices(t) != nil:
		return oneOf(append(choices(t), "fields"))
	case choices(t) != nil:
		return oneOf(choices(t))
	case t.Kind() == reflect.Pointer:
		return words(t.Elem())
	case t.Kind() == reflect.Struct && text:
		return "text or fields"
	case t.Kind() == reflect.Struct:
		return "fields"
	case t.Kind() == reflect.Slice:
		return "list of " + plural(words(t.Elem()))
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && t.Key().PkgPath() == "":
		return "mapping of names to " + plural(words(t.Elem()))
	case t.Kind() == reflect.Map:
		return "mapping of " + plural(words(t.Key())) + " to " + plural(words(t.Elem()))
	case text, t == durationType:
		return spaced(t.Name())
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "number"
}

func plural(words string) string {
	if strings.HasSuffix(words, "s") {
		return words
	}
	return words + "s"
}

func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// spaced is the name of a Go type as words: "user name" for UserName.
func spaced(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
