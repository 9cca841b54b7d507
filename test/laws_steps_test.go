package test

import (
	"path"
	"slices"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// steps is the changes that the manifest leads to, each planned on the node as
// the ones before leave it. What runs is left out, since it is no part of the
// tree. A resource that cannot be planned yet is planned after the others; what
// goes away comes last.
func (tr *trial) steps() []node.Change {
	tr.Helper()
	future := node.NewFuture(tr.machine().View())
	var steps []node.Change
	for {
		round, failure := tr.round(future)
		steps = append(steps, round...)
		if len(round) == 0 && failure != nil {
			tr.Fatal(failure)
		}
		if len(round) == 0 {
			return steps
		}
	}
}

// round plans all resources once, each on what the ones before it leave.
func (tr *trial) round(future *node.Future) (steps []node.Change, failure error) {
	for _, r := range tr.declared() {
		plan, err := r.Plan(tr.Context(), future)
		if err != nil {
			failure = err
			continue
		}
		changes := slices.DeleteFunc(plan.Changes, func(c node.Change) bool {
			kind := c.Subject().Kind
			return kind == node.OfUnit || kind == node.OfManager
		})
		future.Lay(changes...)
		steps = append(steps, changes...)
	}
	return steps, failure
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
