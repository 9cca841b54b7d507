package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// asItWas wants a change of an earlier run undone.
type asItWas struct {
	change node.Change
	anyhow bool // see node.Back
	run    int  // that made it
	// perhaps is for a change of which a loss of power has left no trace in the
	// journal: where the node is neither as it was before nor as it would be after,
	// the change was not made.
	perhaps bool
	// within is the copy of a tree that the same run had made before, in which the
	// change lies: once the copy has gone, the change has gone with it.
	within string
}

// Plan is part of resources.Resource.
func (a *asItWas) Plan(_ context.Context, v node.View) (node.Plan, error) {
	if a.within != "" {
		if s, err := v.Lstat(a.within); err != nil || s.Kind == node.Absent {
			return node.Plan{}, err
		}
	}
	plan, err := node.Back(v, a.change, a.anyhow)
	var moved *node.MovedError
	switch {
	case !errors.As(err, &moved):
	case a.perhaps:
		return node.Plan{}, nil
	default:
		moved.Since = fmt.Sprintf("run %d", a.run)
	}
	return plan, err
}

// unreadable is a change that the journal does not tell any more. It keeps no
// other from being undone.
type unreadable struct{ err error }

// Plan is part of resources.Resource.
func (u unreadable) Plan(context.Context, node.View) (node.Plan, error) { return node.Plan{}, u.err }

// copiedTrees are the places of the copies of trees that a run has made so far.
type copiedTrees []string

func (t *copiedTrees) add(c node.Change) {
	if made, ok := c.(*node.TreeSync); ok {
		*t = append(*t, made.To)
	}
}

// around is the copy that a change of a path lies in, "" for none.
func (t copiedTrees) around(c node.Change) string {
	if _, ok := c.(*node.PathChange); !ok {
		return ""
	}
	for _, at := range t {
		if name := c.Subject().Name; name == at || strings.HasPrefix(name, at+"/") {
			return at
		}
	}
	return ""
}
