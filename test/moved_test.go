package test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

// A meddler changes the node when a run has planned and begins to apply.
type meddler struct {
	meddle func()
	once   bool
}

func (m *meddler) Begin(int) {
	if !m.once {
		m.once = true
		m.meddle()
	}
}

func (m *meddler) Made(string) {}

// Where the node is no longer what was planned on, nothing is overwritten
// unseen: the resource is planned again, once, for the node as it now is.
func TestMoved(t *testing.T) {
	t.Parallel()
	const manifest = `version: 1
directories: {/d: {}, /d/sub: {}}
files: {/a: {lines: [ours]}, /b: {content: "b\n"}, /d/sub/c: {content: "c\n"}, /z: {content: "z\n"}}
`
	for _, c := range []struct {
		what   string
		meddle func(root string) error
		result agent.Result
		files  map[string]string
		states map[string]agent.Outcome
	}{
		{"a line came", func(root string) error { return os.WriteFile(root+"/a", []byte("theirs\n"), 0o600) },
			agent.Changed, map[string]string{"a": "theirs\nours\n", "b": "b\n", "d/sub/c": "c\n", "z": "z\n"}, nil},
		{"it is as declared by now", func(root string) error { return os.WriteFile(root+"/b", []byte("b\n"), 0o644) },
			agent.Changed, map[string]string{"a": "ours\n", "b": "b\n"}, nil},
		{"a file came where a directory should be", func(root string) error { return os.WriteFile(root+"/d", []byte("precious\n"), 0o644) },
			agent.Failed, map[string]string{"a": "ours\n", "d": "precious\n", "z": "z\n"},
			map[string]agent.Outcome{"directory:/d": agent.OutcomeFailed, "directory:/d/sub": agent.OutcomeSkipped, "file:/d/sub/c": agent.OutcomeSkipped}},
		{"a directory came where a file should be", func(root string) error { return os.Mkdir(root+"/b", 0o755) },
			agent.Failed, map[string]string{"a": "ours\n", "d/sub/c": "c\n", "z": "z\n"},
			map[string]agent.Outcome{"file:/b": agent.OutcomeFailed, "file:/z": agent.OutcomeChanged}},
	} {
		t.Run(c.what, func(t *testing.T) {
			root := t.TempDir()
			m, err := manifests.Parse("manifest.yaml", []byte(manifest), manifests.Options{})
			if err != nil {
				t.Fatal(err)
			}
			report, err := agent.Apply(t.Context(), m, agent.Options{Root: root, Progress: &meddler{meddle: func() {
				if err := c.meddle(root); err != nil {
					t.Fatal(err)
				}
			}}})
			if err != nil {
				t.Fatal(err)
			}
			if report.Result != c.result {
				t.Errorf("the run has %s, want %s: %+v", report.Result, c.result, report.Resources)
			}
			for name, want := range c.files {
				if got, err := os.ReadFile(filepath.Join(root, name)); string(got) != want {
					t.Errorf("%s holds %q, want %q: %v", name, got, want, err)
				}
			}
			for _, r := range report.Resources {
				if want := c.states[r.ID]; want != "" && r.Outcome != want {
					t.Errorf("%s is %s, want %s: %s", r.ID, r.Outcome, want, r.Error)
				}
			}
		})
	}
}
