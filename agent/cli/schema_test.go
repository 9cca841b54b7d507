package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/makenotwork/mnw-agent/agent"
)

// TestSchemas holds the published schemas to real documents and to the fields that
// those have.
func TestSchemas(t *testing.T) {
	report, status := compiled(t, reportSchema), compiled(t, statusSchema)
	root := t.TempDir()
	manifest := filepath.Join(root, "manifest.yaml")
	text := "version: 1\ndirectories:\n  /a: {}\n  /b/c: {}\nfiles:\n  /a/f: {content: x}\n"
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"status", "plan", "apply", "status", "apply", "rollback", "apply", "status"} {
		args, schema := []string{verb, "--json", "--root", root}, report
		switch verb {
		case "status":
			schema = status
		case "plan", "apply":
			args = append(args, manifest)
		}
		var out bytes.Buffer
		Main(args, &out, os.Stderr)
		document, err := jsonschema.UnmarshalJSON(&out)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
	}
	hasFields(t, reportSchema, reflect.TypeFor[agent.Report]())
	hasFields(t, statusSchema, reflect.TypeFor[agent.Status]())
}

func compiled(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func hasFields(t *testing.T, schema string, typ reflect.Type) {
	t.Helper()
	var raw map[string]any
	if err := json.Unmarshal([]byte(schema), &raw); err != nil {
		t.Fatal(err)
	}
	defs, _ := raw["$defs"].(map[string]any)
	sameFields(t, typ, raw, defs)
}

// sameFields holds a schema's properties to the fields of a struct.
func sameFields(t *testing.T, typ reflect.Type, schema, defs map[string]any) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if items, ok := schema["items"].(map[string]any); ok && typ.Kind() == reflect.Slice {
		sameFields(t, typ.Elem(), items, defs)
		return
	}
	properties, ok := schema["properties"].(map[string]any)
	if !ok || typ.Kind() != reflect.Struct {
		return
	}
	seen := map[string]bool{}
	for _, f := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		seen[name] = true
		property, ok := properties[name].(map[string]any)
		if !ok {
			t.Errorf("%s.%s is not in the schema", typ, f.Name)
			continue
		}
		sameFields(t, f.Type, property, defs)
	}
	for name := range properties {
		if !seen[name] {
			t.Errorf("the schema has %q, which %s has not", name, typ)
		}
	}
}
