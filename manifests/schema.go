package manifests

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/makenotwork/mnw-agent/resources"
)

// Schema is the JSON Schema (2020-12) of manifests, for editors and for checks
// outside of this program. It accepts all that Load accepts, and refuses most
// of what has a wrong shape; what values mean is left to Load.
func Schema() ([]byte, error) {
	r, err := newReference(resources.All, resources.Source)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(r.schema(), "", "  ")
	return append(text, '\n'), err
}

// An object is a JSON object.
type object = map[string]any

func (r *reference) schema() object {
	properties := object{}
	r.addProperties(properties, headingType)
	properties["version"].(object)["enum"] = []any{1, "1"}
	properties["vars"].(object)["type"] = []string{"object", "null"}
	definitions := object{"scalar": object{"type": []string{"string", "number", "boolean"}}}
	for _, t := range r.types {
		properties[t.Section] = object{
			"description":          firstSentence(r.docs.ofType(structOf(t))),
			"type":                 []string{"object", "null"},
			"additionalProperties": object{"$ref": "#/$defs/" + t.Name},
		}
		definitions[t.Name] = r.resource(t)
	}
	return object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "Manifest of mnw-agent",
		"type":                 "object",
		"required":             []string{"version"},
		"additionalProperties": false,
		"properties":           properties,
		"$defs":                definitions,
	}
}

func (r *reference) resource(t resources.Type) object {
	s := r.fields(structOf(t))
	r.addProperties(s["properties"].(object), metaType)
	s["type"] = []string{"object", "null"}
	s["description"] = r.docs.ofType(structOf(t))
	return s
}

func (r *reference) fields(t reflect.Type) object {
	properties := object{}
	r.addProperties(properties, t)
	return object{"type": "object", "additionalProperties": false, "properties": properties}
}

func (r *reference) addProperties(properties object, t reflect.Type) {
	for key, f := range manifestFields(t) {
		if properties[key] != nil {
			continue // a type's own field goes before one that all have
		}
		s := r.value(f.Type)
		s["description"] = strings.TrimSpace(r.docs.ofField(t, f))
		properties[key] = s
	}
}

// expands is the pattern of texts of which only Load knows what they become.
const expands = `\$\{(vars|facts)\.`

// value is the schema of a value of a Go type.
func (r *reference) value(t reflect.Type) object {
	text := reflect.PointerTo(t).Implements(unmarshalerType)
	switch {
	case isRef(t):
		return object{"type": "string", "pattern": "^[a-z_]+:.|" + expands}
	case t.Kind() == reflect.Struct && choices(t) != nil:
		return object{"anyOf": append(anyChoice(t), r.fields(t))}
	case choices(t) != nil:
		return object{"anyOf": anyChoice(t)}
	case t.Kind() == reflect.Pointer:
		return r.value(t.Elem())
	case t.Kind() == reflect.Struct && text:
		return object{"anyOf": []object{anyScalar(), r.fields(t)}}
	case t.Kind() == reflect.Struct:
		return r.fields(t)
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": r.value(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": r.value(t.Elem())}
	case text, t.Kind() == reflect.String:
		return anyScalar()
	case t == durationType:
		return object{"type": "string", "pattern": "^[0-9.]+[a-zµ]|" + expands}
	case t.Kind() == reflect.Bool:
		return object{"type": []string{"boolean", "string"}, "pattern": "^(true|false)$|" + expands}
	}
	return object{"type": []string{"integer", "string"}, "pattern": "^-?[0-9]+$|" + expands}
}

// anyScalar is the schema of a value whose text counts, as it is written.
func anyScalar() object { return object{"$ref": "#/$defs/scalar"} }

// anyChoice is the schemas of a value that is one of a few words.
func anyChoice(t reflect.Type) []object {
	return []object{{"enum": choices(t)}, {"type": "string", "pattern": expands}}
}
