package test

import (
	"context"
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
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

// undoes holds law 4: it takes changes back, the last one first.
func (tr *trial) undoes(steps []node.Change, before boot.Snapshot) {
	tr.Helper()
	var back []node.Change
	for _, step := range slices.Backward(steps) {
		back = append(back, step.Inverse())
	}
	tr.perform(back)
	if diff := before.WithoutTimes().Diff(tr.look().WithoutTimes()); diff != "" {
		tr.Fatalf("undone, the tree is another:\n%s", diff)
	}
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

// steps is the changes that the manifest leads to, each planned on the node as
// the ones before leave it. What runs is left out, since it is no part of the
// tree. A resource that cannot be planned yet is planned after the others; what
// goes away comes last.
func (tr *trial) steps() []node.Change {
	tr.Helper()
	future := node.NewFuture(tr.machine().View())
	var steps []node.Change
	for todo := tr.declared(); len(todo) > 0; {
		var later []resources.Resource
		var failure error
		for _, r := range todo {
			plan, err := r.Plan(tr.Context(), future)
			if err != nil {
				later, failure = append(later, r), err
				continue
			}
			changes := slices.DeleteFunc(plan.Changes, func(c node.Change) bool {
				kind := c.Subject().Kind
				return kind == node.OfUnit || kind == node.OfManager
			})
			future.Lay(changes...)
			steps = append(steps, changes...)
		}
		if len(later) == len(todo) {
			tr.Fatal(failure)
		}
		todo = later
	}
	return steps
}

// declared is the resources of the manifest, those last that go away.
func (tr *trial) declared() []resources.Resource {
	var stays, goes []resources.Resource
	for _, e := range tr.load().Entries {
		if e.Audit {
			continue
		}
		if d, ok := e.Resource.(resources.Departer); ok && d.Departs() {
			goes = append(goes, e.Resource)
		} else {
			stays = append(stays, e.Resource)
		}
	}
	return append(stays, goes...)
}

func (tr *trial) load() *manifests.Manifest {
	tr.Helper()
	m, err := manifests.Load(tr.manifest, tr.options())
	if err != nil {
		tr.Fatal(err)
	}
	return m
}

func (tr *trial) options() manifests.Options {
	return manifests.Options{Facts: func() map[string]string { return node.Facts(path.Join(tr.root, "/")) }}
}

// sparesBystanders fails when anything changed that no step is about. A
// directory in which something came or went has another time.
func (tr *trial) sparesBystanders(before, after boot.Snapshot, steps []node.Change) {
	tr.Helper()
	touched, above := map[string]bool{}, map[string]bool{}
	for _, step := range steps {
		for _, at := range tr.places(step.Subject()) {
			touched[at], above[path.Dir(at)] = true, true
		}
	}
	rest := func(s boot.Snapshot) boot.Snapshot {
		bystanders := boot.Snapshot{}
		for name, entry := range s {
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
		dir, err := filepath.EvalSymlinks(filepath.Join(tr.root, path.Dir(s.Name)))
		if err != nil { // it is gone
			return []string{s.Name}
		}
		return []string{path.Join("/", strings.TrimPrefix(dir, tr.root), path.Base(s.Name))}
	case node.OfCrontab:
		return []string{spool + s.Name}
	}
	return []string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"}
}
