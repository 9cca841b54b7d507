package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A loss of power finds the disk in one of the orders that are flushed: what was
// before is on the disk before anything changes, a file's content before the file
// has its name, and all changes before the run is called ended.
func TestFlushed(t *testing.T) {
	t.Parallel()
	binaries, err := faults()
	if err != nil {
		t.Fatal(err)
	}
	dir, root := t.TempDir(), sandbox(t)
	for name, binary := range binaries {
		if err := os.WriteFile(filepath.Join(dir, name), binary, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	manifest := filepath.Join(dir, "manifest.yaml")
	text := "version: 1\nfiles: {/srv/old: {content: new}, /srv/new: {content: new}, /srv/goes: {state: absent}}\nsymlinks: {/srv/link: {target: new}}\n"
	for name, text := range map[string]string{manifest: text, root + "/srv/old": "old", root + "/srv/goes": "goes"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(dir+"/faults", "-trace", "--", dir+"/mnw-agent", "apply", "--root", root, manifest).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var calls []string
	for line := range strings.Lines(strings.ReplaceAll(string(out), root, "")) {
		if call, ok := strings.CutPrefix(strings.TrimSpace(line), "faults: "); ok {
			calls = append(calls, call)
		}
	}
	first := func(part string) int {
		return slices.IndexFunc(calls, func(call string) bool { return strings.Contains(call, part) })
	}
	last := func(part string) int {
		at := -1
		for i, call := range calls {
			if strings.Contains(call, part) {
				at = i
			}
		}
		return at
	}
	change, changed := first(" on /srv"), last(" on /srv")
	journal := stateDir + "/journal"
	for what, ok := range map[string]bool{
		"the state directory's name":                         within(first("fsync on /var/lib"), 0, first("write on "+journal)),
		"the place of the journal, before it is used":        within(first("fsync on "+stateDir), 0, first("write on "+journal)),
		"what was before, before the first change":           within(last("fsync on "+journal+"/contents/new-"), 0, change),
		"the names of that, before the changes are recorded": within(last("fsync on "+journal+"/contents"), last("fsync on "+journal+"/contents/new-"), change),
		"the record, before the first change":                slices.ContainsFunc(calls[last("fsync on "+journal+"/contents"):change], func(c string) bool { return c == "fsync on "+journal+"/000001.jsonl" }),
		"all changes, before the run is ended":               within(last("fsync on /srv"), first("unlinkat on /srv"), last("write on "+journal+"/000001.jsonl")),
		"the end":                                            within(last("fsync on "+journal+"/000001.jsonl"), last("write on "+journal+"/000001.jsonl"), len(calls)),
	} {
		if !ok {
			t.Errorf("%s is not flushed (the first change is call %d, the last %d):\n%s", what, change, changed, strings.Join(calls, "\n"))
		}
	}
	for i, call := range calls {
		if strings.HasPrefix(call, "renameat on /srv") && strings.HasPrefix(calls[i-1], "linkat") && !strings.HasPrefix(calls[i-2], "fsync on /srv/#") {
			t.Errorf("a file gets its name before its content is flushed: %s", strings.Join(calls[i-4:i+1], ", "))
		}
	}
}

func within(at, after, before int) bool { return at >= 0 && after <= at && at < before }
