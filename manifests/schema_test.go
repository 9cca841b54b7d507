package manifests

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func compiled(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	check(t, compiler.AddResource("manifest.json", document))
	s, err := compiler.Compile("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchema holds that the schema accepts what Parse accepts, and refuses what
// has a wrong shape.
func TestSchema(t *testing.T) {
	text, err := json.Marshal(thingsReference(t).schema())
	check(t, err)
	schema := compiled(t, text)
	for text, good := range map[string]bool{
		"{version: 1}":   true,
		"{version: '1'}": true,
		"{version: 1, vars: , files: , units: {a: }}":                                                             true,
		"{version: 1, vars: {a: b, c: 3, d: 1.5, e: true}}":                                                       true,
		"{version: 1, files: {/a: {mode: 0644, content: 3000}}}":                                                  true,
		"{version: 1, files: {/a: {mode: '0644', content: yes}}}":                                                 true,
		"{version: 1, files: {/a: {after: ['unit:b'], audit: true}}, units: {b: {}}}":                             true,
		"{version: 1, vars: {a: reload}, units: {u: {on_change: '${vars.a}'}}}":                                   true,
		"{version: 1, vars: {a: true}, units: {u: {enabled: '${vars.a}'}}}":                                       true,
		"{version: 1, vars: {a: 3}, units: {u: {tries: '${vars.a}', weight: '7', limit: '${vars.a}s'}}}":          true,
		"{version: 1, units: {u: {on_change: restart, limit: 1h30m, enabled: 'false', tries: -1}}}":               true,
		"{version: 1, jobs: {max: {runs: {x: {command: y, users: [a, b]}}, steps: [{command: z}], env: {A: 1}}}}": true,

		"{}":                                            false,
		"{version: 2}":                                  false,
		"{version: 1, fils: {}}":                        false,
		"{version: 1, vars: [a]}":                       false,
		"{version: 1, vars: {a: }}":                     false,
		"{version: 1, files: [/a]}":                     false,
		"{version: 1, files: {/a: hello}}":              false,
		"{version: 1, files: {/a: {moode: 1}}}":         false,
		"{version: 1, files: {/a: {content: }}}":        false,
		"{version: 1, files: {/a: {content: []}}}":      false,
		"{version: 1, files: {/a: {after: x}}}":         false,
		"{version: 1, files: {/a: {after: [x]}}}":       false,
		"{version: 1, units: {u: {on_change: reboot}}}": false,
		"{version: 1, units: {u: {enabled: 'on'}}}":     false,
		"{version: 1, units: {u: {enabled: 1}}}":        false,
		"{version: 1, units: {u: {tries: three}}}":      false,
		"{version: 1, units: {u: {limit: 30}}}":         false,
		"{version: 1, jobs: {max: {runs: [x]}}}":        false,
		"{version: 1, jobs: {max: {steps: [x]}}}":       false,
	} {
		var value any
		check(t, yaml.Unmarshal([]byte(text), &value))
		if err := schema.Validate(value); (err == nil) != good {
			t.Errorf("%s: the schema says %v", text, err)
		}
		if _, err := Parse("m.yaml", []byte(text), Options{Types: things, Facts: facts}); (err == nil) != good {
			t.Errorf("%s: the loader says %v", text, err)
		}
	}
}

// TestSchemaOfAllTypes holds that what is published is a schema, and accepts
// the examples.
func TestSchemaOfAllTypes(t *testing.T) {
	text, err := Schema()
	check(t, err)
	schema := compiled(t, text)
	var examples []string
	for _, pattern := range []string{"../examples/*.yaml", "../examples/*/*.yaml"} {
		names, err := filepath.Glob(pattern)
		check(t, err)
		examples = append(examples, names...)
	}
	if len(examples) == 0 {
		t.Error("there are no examples")
	}
	for _, name := range examples {
		text, err := os.ReadFile(name)
		check(t, err)
		var value any
		check(t, yaml.Unmarshal(text, &value))
		text, err = json.Marshal(value) // to an editor, a date is a text
		check(t, err)
		check(t, json.Unmarshal(text, &value))
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
