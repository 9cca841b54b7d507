package test

import (
	"bytes"
	"reflect"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// survivesEncoding holds law 7.
func (tr *trial) survivesEncoding() {
	tr.Helper()
	if tr.has("error") {
		if _, err := manifests.Load(tr.manifest, tr.options()); err != nil {
			return // a manifest that is wrong in itself
		}
	}
	first := tr.load()
	tr.passesSchema(tr.section("manifest.yaml"))
	text := tr.encode(first)
	tr.passesSchema(text)
	second, err := manifests.Parse(tr.manifest, []byte(text), tr.options())
	if err != nil {
		tr.Fatalf("encoded, it cannot be decoded: %v\n%s", err, text)
	}
	all := cmp.Exporter(func(reflect.Type) bool { return true })
	content := cmp.Comparer(func(a, b *node.Content) bool {
		return a == b || a != nil && b != nil && a.Equal(b)
	})
	for i := range first.Entries {
		if diff := cmp.Diff(first.Entries[i].Resource, second.Entries[i].Resource, all, content); diff != "" {
			tr.Errorf("decoded again, %s differs:\n%s", first.Entries[i].ID, diff)
		}
	}
}

// encode writes the declarations as a manifest, with the variables that
// templates use.
func (tr *trial) encode(m *manifests.Manifest) string {
	tr.Helper()
	text, err := manifests.Encode(m.Entries)
	if err != nil {
		tr.Fatal(err)
	}
	vars, err := yaml.Marshal(map[string]any{"vars": m.Vars})
	if err != nil {
		tr.Fatal(err)
	}
	return string(text) + strings.ReplaceAll(string(vars), "${", "$${")
}

func (tr *trial) passesSchema(manifest string) {
	tr.Helper()
	text, err := manifests.Schema()
	if err != nil {
		tr.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		tr.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("manifest", document); err != nil {
		tr.Fatal(err)
	}
	schema, err := compiler.Compile("manifest")
	if err != nil {
		tr.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(manifest), &value); err != nil {
		tr.Fatal(err)
	}
	if err := schema.Validate(asJSON(value)); err != nil {
		tr.Errorf("it does not pass the schema: %v\n%s", err, manifest)
	}
}

// asJSON is a document as JSON has it, which knows no dates.
func asJSON(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			value[key] = asJSON(v)
		}
	case []any:
		for i, v := range value {
			value[i] = asJSON(v)
		}
	case time.Time:
		return value.Format(time.DateOnly)
	}
	return value
}
