package node

import "context"

// A Change is one step from the node as it is to the node as declared. It holds
// the state it saw and the state it makes; everything else follows from these
// two. The set of changes is closed: the unexported methods see to it.
type Change interface {
	// Subject is what is changed.
	Subject() Subject
	// Line tells the change to a person in one line, without secrets.
	Line() string
	// Diff is the difference in content, without secrets; empty when the line
	// says it all.
	Diff() Diff
	// Inverse is the way back: the two states swapped.
	Inverse() Change

	// byHand is the commands of the way back, as ByHand has them.
	byHand(file func(*Content) string) string
	// back plans the way back, as Back does.
	back(v View, anyhow bool) (Plan, error)
	// lay puts what the change makes over a future.
	lay(f *Future)
	// perform makes the change on a machine, or returns a *MovedError when the
	// machine is no longer what the change saw.
	perform(ctx context.Context, m *Machine) error
}

// A Preparer is a change that may merely prepare for the ones behind it in its plan,
// as a copy of a tree does that is brought up to date later. While a unit must be
// stopped for a plan, its leading changes that prepare are made before the unit is
// stopped: they must be safe, and count, beside what runs.
type Preparer interface {
	// Prepares says whether this one does.
	Prepares() bool
}

// A Diff is a difference between two texts as it may be shown.
type Diff struct {
	Name          string // what the texts are of: a path, a crontab
	Before, After string
}

// Empty says whether there is nothing to show.
func (d Diff) Empty() bool { return d.Before == d.After }

// A Shown is what may be shown of a change of content that holds secrets.
type Shown struct {
	Before, After string
}

// inverse is what may be shown of the way back.
func (s *Shown) inverse() *Shown {
	if s == nil {
		return nil
	}
	return &Shown{Before: s.After, After: s.Before}
}
