package test

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/makenotwork/mnw-agent/resources"
)

// imports holds law 8: what is there now makes a manifest that has nothing to plan.
func (tr *trial) imports() {
	tr.Helper()
	args := []string{"import"}
	for _, e := range tr.load().Entries {
		_, imports := e.Resource.(resources.Importer)
		if d, ok := e.Resource.(resources.Departer); imports && (!ok || !d.Departs()) {
			args = append(args, e.ID.String())
		}
	}
	if len(args) == 1 {
		return
	}
	if tr.root != "" {
		args = append(args, "--root", tr.root)
	}
	before := tr.look()
	code, said := agentHere(args...)
	if code != 0 || strings.Contains(said, "canary") {
		tr.Errorf("import ends with %d:\n%s", code, said)
		return
	}
	tr.same(before, "imported")
	at := filepath.Join(tr.TempDir(), "imported.yaml")
	if err := os.WriteFile(at, []byte(said), 0o600); err != nil {
		tr.Fatal(err)
	}
	args = []string{"plan"}
	if tr.root != "" {
		args = append(args, "--root", tr.root)
	}
	if code, planned := agentHere(append(args, at)...); code != 0 {
		tr.Errorf("imported, it is planned with %d:\n%s\n%s", code, planned, said)
	}
	tr.passesSchema(said)
}
