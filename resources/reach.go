package resources

import (
	"slices"
	"strconv"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// The permissions that a user may have on a path, as in one octal digit of a mode.
const (
	mayRead  node.Mode = 4
	mayEnter node.Mode = 1 // of a directory; of a file: may execute
)

// blocked finds the first directory on the way to a path, and the path itself
// when it is a directory, that does not let a user in. ok is false when the user
// can get there, as far as there is something there. Nothing blocks root, and nothing
// can be said where owners are not known.
func blocked(v node.View, user node.User, to string) (at string, state node.State, ok bool) {
	if user.UID == 0 || !v.Owners() {
		return "", node.State{}, false
	}
	var s step
	for s = range steps(v, to) {
		switch s.state.Kind {
		case node.Directory:
			ok = !permits(v, user, s.path, s.state, mayEnter)
		case node.File, node.Other:
			ok = !s.last()
		}
		if ok {
			return s.path, s.state, true
		}
	}
	if s.state.Kind == node.Symlink && !s.last() { // one of those that lead to each other
		return s.path, s.state, true
	}
	return "", node.State{}, false
}

// permits says whether a user has a permission on what lies at a path: the kernel
// decides where the node is as it will be, otherwise the mode and the access control
// list (acl(5)).
func permits(v node.View, user node.User, at string, s node.State, permission node.Mode) bool {
	if permitted, known := v.Permits(user.Name, at, permission); known {
		return permitted
	}
	return wayStep{step{path: at, state: s}, aclOf(v, at, s), v}.allows(user, permission)
}

// allows says whether a mode gives a user a permission, judged by the one class
// that the user is in: owner, group or others.
func allows(user node.User, s node.State, permission node.Mode) bool {
	return user.UID == 0 || s.Mode&(permission<<class(user, s)) != 0
}

// class is the place of the user's three bits in the mode of a path.
func class(user node.User, s node.State) int {
	switch {
	case s.Owner == user.Name || s.Owner == strconv.Itoa(user.UID):
		return 6
	case s.Group == user.Group || slices.Contains(user.Groups, s.Group):
		return 3
	}
	return 0
}

// letting is the mode of a path with that bit added which gives a user a
// permission.
func letting(user node.User, s node.State, permission node.Mode) node.Mode {
	return s.Mode | permission<<class(user, s)
}
