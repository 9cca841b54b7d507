package test

import (
	"strings"
	"testing"
)

// A hold is on one manifest: another one, applied by a timer of its own, does not
// let go of it, and what a unit has logged is not told over and over.
func TestHolds(t *testing.T) {
	t.Parallel()
	m := ready(t)
	for name, port := range map[string]string{"a": "1", "b": "2"} {
		m.WriteFile("/root/"+name+".yaml", `version: 1
units: {`+name+`.service: {active: true, content: "[Service]\nExecStart=/bin/sh -c 'printf \"\\\\033[31mdying words\\\\n\"; exit `+port+`'\n"}}
`, 0o600)
	}
	m.WriteFile("/root/fine.yaml", "version: 1\nfiles: {/etc/fine: {content: x}}\n", 0o600)
	apply := func(code int, args ...string) string {
		t.Helper()
		result := m.Agent(append([]string{"apply"}, args...)...)
		if result.Code != code || strings.Contains(result.Stdout, "\x1b") {
			t.Errorf("apply %s: want %d: %s", args, code, result)
		}
		return result.Stdout
	}
	held := func(name string) {
		t.Helper()
		said := apply(3, "/root/"+name+".yaml")
		if !strings.Contains(said, "this manifest is held since run ") || strings.Contains(said, "dying words") {
			t.Errorf("%s: %s", name, said)
		}
	}
	for _, name := range []string{"a", "b"} {
		if said := apply(3, "/root/"+name+".yaml"); strings.Count(said, "dying words") != 1 {
			t.Error(said)
		}
	}
	apply(0, "/root/fine.yaml")
	held("a")
	held("b")
	m.MustSh("cd /root; sed -i 's/exit 1/exit 3/' a.yaml")
	if said := apply(3, "/root/a.yaml"); !strings.Contains(said, "is taken back: run:a.service") {
		t.Errorf("it has changed, and is held: %s", said)
	}
	held("b")
	if history := m.Agent("history"); strings.Contains(history.Stdout, "dying words") || !strings.Contains(history.Stdout, "/root/a.yaml") {
		t.Error(history)
	}
	if shown := m.Agent("history", "2"); !strings.Contains(shown.Stdout, "␛[31mdying words\n") {
		t.Error(shown)
	}
}
