package resources

import (
	"fmt"
	"path"
	"slices"
	"strconv"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// mayWrite is the permission to change a file, or the names in a directory.
const mayWrite node.Mode = 2

// A way is the steps to a path, symlinks followed.
type way []wayStep

// A wayStep is a step with all that says who may do what there.
type wayStep struct {
	step
	acl acl
	v   node.View
}

func wayTo(v node.View, to string) (way, error) {
	var w way
	for s, err := range steps(v, to) {
		if err != nil {
			return nil, err
		}
		w = append(w, wayStep{s, aclOf(v, s.path, s.state), v})
	}
	return w, nil
}

// end is the last step, which is the path unless the way breaks off.
func (w way) end() wayStep { return w[len(w)-1] }

// allows says whether what lies there gives a user a permission.
func (s wayStep) allows(user node.User, permission node.Mode) bool {
	if len(s.acl) == 0 || owns(user, s.state) {
		return allows(user, s.state, permission)
	}
	return s.acl.allows(uint32(user.UID), func(tag uint16, gid uint32) bool {
		return slices.ContainsFunc(groupsOf(user), func(name string) bool {
			g, ok := s.v.Group(name)
			return tag == aclGroup && name == s.state.Group || tag == aclNamed && ok && g.GID >= 0 && uint32(g.GID) == gid
		})
	}, permission)
}

// broken is why the way does not lead to anything; nil when it does.
func (w way) broken() error {
	end := w.end()
	switch {
	case end.state.Kind == node.Symlink:
		return fmt.Errorf("%s is one of some symlinks that lead to each other", end.path)
	case end.state.Kind != node.Absent:
		return nil
	case end.above.Kind != node.Directory:
		return fmt.Errorf("%s is %s, not a directory", path.Dir(end.path), end.above.A())
	}
	for i := len(w) - 2; i >= 0; i-- {
		if w[i].state.Kind == node.Symlink {
			return fmt.Errorf("there is no %s, where the symlink %s leads", end.path, w[i].path)
		}
	}
	return fmt.Errorf("there is no %s", end.path)
}

// A hold on a path is what lets somebody put something else in its place.
type hold struct {
	path  string
	state node.State
	owned bool // they own it; otherwise they may write to it
}

// hold is the first hold that a user has on a way: something on it that is the
// user's own, whose mode the user can change, or that the user may write to. Of a
// directory with the sticky bit nothing that belongs to others can be taken away.
// What lies behind a directory that keeps the user out is out of reach.
func (w way) hold(user node.User) (h hold, ok bool) {
	if user.UID == 0 {
		return hold{}, false
	}
	var dir wayStep
	for _, s := range w {
		if path.Dir(s.path) == dir.path && s.path != "/" && swaps(user, dir, s.state) {
			return held(user, dir, s), true
		}
		switch s.state.Kind {
		case node.Directory:
			if owns(user, s.state) {
				return hold{s.path, s.state, true}, true
			}
			if !s.allows(user, mayEnter) {
				return hold{}, false
			}
			dir = s
		case node.File:
			if own := owns(user, s.state); own || s.allows(user, mayWrite) {
				return hold{s.path, s.state, own}, true
			}
		}
	}
	if end := w.end(); end.state.Kind == node.Directory && end.allows(user, mayWrite) {
		return hold{end.path, end.state, false}, true // something may be put into it
	}
	return hold{}, false
}

// held is the hold of who can take a name in a directory for something else.
func held(user node.User, dir, name wayStep) hold {
	if dir.state.Mode&sticky != 0 && owns(user, name.state) {
		return hold{name.path, name.state, true}
	}
	return hold{dir.path, dir.state, false}
}

const sticky node.Mode = 0o1000

// swaps says whether a user can put something else in a place in a directory that
// belongs to others.
func swaps(user node.User, dir wayStep, there node.State) bool {
	if !dir.allows(user, mayWrite) || !dir.allows(user, mayEnter) {
		return false
	}
	return dir.state.Mode&sticky == 0 || there.Kind == node.Absent || owns(user, there)
}

func owns(user node.User, s node.State) bool {
	return s.Owner == user.Name || s.Owner == strconv.Itoa(user.UID)
}
