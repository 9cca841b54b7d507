package manifests

import (
	"reflect"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources"
)

// TestEverythingIsDocumented holds that each type and each field of it, however
// deep, has a doc comment, and is of a type that a manifest can hold.
func TestEverythingIsDocumented(t *testing.T) {
	r, err := newReference(resources.All, resources.Source)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range resources.All {
		body := structOf(kind)
		shapeOf(body, metaType) // it panics if it cannot
		if r.docs.ofType(body) == "" {
			t.Errorf("%s has no doc comment", body)
		}
		r.checkDocs(t, body)
	}
	r.checkDocs(t, metaType)
	r.checkDocs(t, headingType)
}

func (r *reference) checkDocs(t *testing.T, body reflect.Type) {
	for key, f := range manifestFields(body) {
		text := r.docs.ofField(body, f)
		if !strings.HasSuffix(strings.TrimSpace(text), ".") {
			t.Errorf("%s.%s (%s): want a doc comment of whole sentences, got %q", body, f.Name, key, text)
		}
		if inner := innerStruct(f.Type); inner != nil {
			r.checkDocs(t, inner)
		}
	}
}
