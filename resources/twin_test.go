package resources

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// What goes while it is compared is looked at again, and stops nothing.
func TestTwinThatGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"old/first", "old/second", "new/first", "new/second"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755), os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	m, err := node.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	gone := map[string]string{"/old/first": "old/first", "/old/second": "new/second"}
	alike := func(_ context.Context, _ node.View, one, _ string) (bool, error) {
		if err := os.Remove(filepath.Join(dir, gone[one])); err != nil {
			t.Error(err)
		}
		return false, fs.ErrNotExist
	}
	twins, err := compareTwins(t.Context(), m.View(), "/old", "/new", alike)
	if want := []string{"/old/second: there is no /new/second"}; err != nil || !slices.Equal(twins.lacks, want) {
		t.Errorf("got %q, %v", twins.lacks, err)
	}
}
