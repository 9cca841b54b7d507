package test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// applies holds law 3, and what differs then against what is expected.
func (tr *trial) applies(before boot.Snapshot, steps []node.Change) {
	tr.Helper()
	if code, said := tr.agent("apply"); code != 0 {
		tr.Fatalf("apply: exit %d\n%s", code, said)
	}
	after := tr.look()
	tr.converged()
	tr.same(after, "planned after apply")
	tr.sparesBystanders(before, after, steps)
	tr.imports()
	tr.script("after.sh")
	tr.differs(before, after)
}

// converged fails unless planning finds nothing to be done.
func (tr *trial) converged() {
	tr.Helper()
	code, said := tr.agent("plan", "--json")
	var report agent.Report
	if err := json.Unmarshal([]byte(said), &report); err != nil {
		tr.Fatalf("%v\n%s", err, said)
	}
	if code == 1 || report.Count(agent.OutcomeDiffers) > 0 {
		tr.Errorf("after apply, plan ends with %d:\n%s", code, said)
	}
}

// convergesAfter holds law 5: it makes some changes, as a run that is killed
// after them, and lets the next run do the rest.
func (tr *trial) convergesAfter(made []node.Change, want boot.Snapshot) {
	tr.Helper()
	tr.perform(made)
	if code, said := tr.agent("apply"); code != 0 {
		tr.Errorf("after %d changes, apply ends with %d:\n%s", len(made), code, said)
	}
	tr.converged()
	if diff := want.WithoutTimes().Diff(tr.look().WithoutTimes()); diff != "" {
		tr.Errorf("killed after %d changes, the next run leaves another tree:\n%s", len(made), diff)
	}
}

// undoes holds law 4: it takes changes back, the last one first, each as it comes
// out of the journal.
func (tr *trial) undoes(steps []node.Change, before boot.Snapshot) {
	tr.Helper()
	for _, step := range slices.Backward(steps) {
		change := tr.journalled(step)
		plan, err := node.Back(tr.machine().View(), change, false)
		if err != nil {
			tr.Fatalf("the way back from %q: %v", step.Line(), err)
		}
		tr.perform(plan.Changes)
		if again, err := node.Back(tr.machine().View(), change, false); err != nil || len(again.Changes) > 0 {
			tr.Fatalf("taken back, there is still a way back from %q: %v", step.Line(), err)
		}
	}
	if diff := before.WithoutTimes().Diff(tr.look().WithoutTimes()); diff != "" {
		tr.Fatalf("undone, the tree is another:\n%s", diff)
	}
}

// contents are a store in memory.
type contents map[string]*node.Content

func (c contents) Content(digest string) (*node.Content, error) {
	if content := c[digest]; content != nil {
		return content, nil
	}
	return nil, fs.ErrNotExist
}

// journalled is a change that was written to a journal and read back. What is
// written holds no content.
func (tr *trial) journalled(change node.Change) node.Change {
	tr.Helper()
	text, refers, err := node.Encode(change)
	if err != nil {
		tr.Fatal(err)
	}
	if strings.Contains(string(text), "canary") {
		tr.Errorf("the journal shows a secret: %s", text)
	}
	store := contents{}
	for _, content := range refers {
		store[content.Digest()] = content
	}
	back, err := node.Decode(text, store)
	if err != nil || back.Line() != change.Line() || back.Diff() != change.Diff() {
		tr.Fatalf("read back from the journal, %q is %q: %v", change.Line(), back.Line(), err)
	}
	return back
}

func (tr *trial) perform(changes []node.Change) {
	tr.Helper()
	machine := tr.machine()
	for _, c := range changes {
		if err := machine.Perform(context.Background(), c); err != nil {
			tr.Fatalf("%s: %v", c.Line(), err)
		}
	}
}

func (tr *trial) machine() *node.Machine {
	tr.Helper()
	machine, err := node.Open(path.Join(tr.root, "/"))
	if err != nil {
		tr.Fatal(err)
	}
	tr.Cleanup(func() { machine.Close() })
	return machine
}

// sparesBystanders fails when anything changed that no step is about. A
// directory in which something came or went has another time.
func (tr *trial) sparesBystanders(before, after boot.Snapshot, steps []node.Change) {
	tr.Helper()
	touched, above := map[string]bool{}, map[string]bool{}
	var moved []*node.TreeMove
	for _, step := range steps {
		for _, at := range tr.places(step.Subject()) {
			touched[at], above[path.Dir(at)] = true, true
		}
		if move, ok := step.(*node.TreeMove); ok {
			touched[move.To] = true
			moved = append(moved, move)
		}
		if copied, ok := step.(*node.TreeSync); ok {
			for name := range after {
				if strings.HasPrefix(name, copied.To+"/") {
					touched[name] = true
				}
			}
		}
	}
	rest := func(s boot.Snapshot) boot.Snapshot {
		bystanders := boot.Snapshot{}
		for name, entry := range s {
			for _, move := range moved {
				if below, ok := strings.CutPrefix(name, move.To+"/"); ok {
					name = move.From + "/" + below // as it was, but for its place
				}
			}
			if above[name] {
				entry.Mtime, entry.Ctime = time.Time{}, time.Time{}
			}
			if !touched[name] && !strings.HasPrefix(name, "/etc/systemd/system/") {
				bystanders[name] = entry
			}
		}
		return bystanders
	}
	if diff := rest(before).Diff(rest(after)); diff != "" {
		tr.Errorf("apply changed what was not in the plan:\n%s", diff)
	}
}

// places is the paths at which a subject lies.
func (tr *trial) places(s node.Subject) []string {
	switch s.Kind {
	case node.OfPath:
		return []string{s.Name, path.Join(tr.resolve(path.Dir(s.Name)), path.Base(s.Name))}
	case node.OfCrontab:
		return []string{spool + s.Name}
	}
	return []string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"}
}

// resolve is a path of the tree without links.
func (tr *trial) resolve(name string) string {
	done, rest := "/", strings.Split(name[1:], "/")
	for len(rest) > 0 {
		next := path.Join(done, rest[0])
		rest = rest[1:]
		target, err := os.Readlink(filepath.Join(tr.root, next))
		switch {
		case err != nil:
			done = next
		case path.IsAbs(target):
			return tr.resolve(path.Join(target, path.Join(rest...)))
		default:
			return tr.resolve(path.Join(done, target, path.Join(rest...)))
		}
	}
	return done
}
