package metrics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
)

// A symlink that somebody else has put on the way is not followed; those of root and of
// the caller are, wherever they lead.
func TestPlantedLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"real", "real/in", "other"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"plain": "real/in", "whole": dir + "/real", "round": "loop", "loop": "round", "up": "real/../other", "through": "planted/in", "planted": "real",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Lchown(dir+"/planted", 1, 1); err != nil {
			t.Fatal(err)
		}
	}
	for at, want := range map[string]string{
		"plain": "real/in", "whole/in": "real/in", "up": "other", "real/in/../../other": "other",
		"round": "!too many", "planted": "!planted on the way to it belongs to user 1", "through": "!planted on the way to it belongs to user 1",
	} {
		if strings.Contains(want, "user 1") && os.Geteuid() != 0 {
			continue
		}
		file := filepath.Join(dir, at) + "/m.prom"
		err := WriteFile(file, new(agent.Status), Build{})
		if refusal, refused := strings.CutPrefix(want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), refusal) {
				t.Errorf("%s: %v", at, err)
			}
			continue
		}
		if _, there := os.Stat(filepath.Join(dir, want, "m.prom")); err != nil || there != nil {
			t.Errorf("%s: %v, %v", at, err, there)
		}
		_ = os.Remove(filepath.Join(dir, want, "m.prom"))
	}
}
