package resources

import (
	"context"
	"errors"
	"fmt"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Directory is a directory with its owner, group and mode. A file that is in
// its way is never deleted.
//
//	directories:
//	  /var/lib/mnw: {owner: makenotwork, group: makenotwork, mode: 0755, reachable_by: [git]}
type Directory struct {
	Path Path `yaml:"-"`
	Perm `yaml:",inline"`
	// State is whether it should be there. An absent directory must be empty,
	// unless recursive is true. Default: present.
	State Presence `yaml:"state,omitempty"`
	// Recursive lets an absent directory go with all that is in it.
	Recursive bool `yaml:"recursive,omitempty"`
	// ReachableBy are users who must be able to get into it: each directory above
	// lets them through. It is examined before anything is written.
	ReachableBy []UserName `yaml:"reachable_by,omitempty"`
}

// Plan is part of Resource.
func (d *Directory) Plan(_ context.Context, v node.View) (node.Plan, error) {
	want := d.want(node.Want{Kind: node.Directory})
	if d.Departs() {
		now, err := v.Lstat(string(d.Path))
		if err != nil {
			return node.Plan{}, err
		}
		if now.Kind != node.Absent && now.Kind != node.Directory {
			return node.Plan{}, fmt.Errorf("it is %s, not a directory: move it away", now.A())
		}
		want = node.Want{Kind: node.Absent, Replace: d.Recursive}
	}
	changes, err := node.Converge(v, string(d.Path), want)
	return node.Plan{Changes: changes}, err
}

// Examine is part of Examiner.
func (d *Directory) Examine(_ context.Context, v node.View) error {
	if d.Departs() || !v.Owners() {
		return nil
	}
	var errs []error
	for _, name := range d.ReachableBy {
		user, ok := v.User(string(name))
		if !ok {
			errs = append(errs, fmt.Errorf("reachable_by: no user %q", name))
			continue
		}
		if at, state, ok := blocked(v, user, string(d.Path)); ok {
			errs = append(errs, fmt.Errorf("reachable_by: %w", barred(user, at, state)))
		}
	}
	return errors.Join(errs...)
}

// Import is part of Importer.
func (d *Directory) Import(v node.View) ([]string, error) {
	now, err := found(v, string(d.Path), node.Directory)
	if err != nil {
		return nil, err
	}
	return d.Perm.imports(v, string(d.Path), now), nil
}

// Owns is part of Owner.
func (d *Directory) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: string(d.Path)}}
}

// Departs is part of Departer.
func (d *Directory) Departs() bool { return d.State.Departs() }

// Check is part of Checker.
func (d *Directory) Check() error {
	switch {
	case d.Recursive && !d.Departs():
		return inField(errors.New("recursive goes with state: absent"), "recursive")
	case d.Departs() && d.Path == "/":
		return inField(errors.New("the root directory cannot go"), "state")
	}
	return nil
}
