package resources

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// The permissions that a user may have on a path, as in one octal digit of a mode.
const (
	mayRead  node.Mode = 4
	mayEnter node.Mode = 1 // of a directory; of a file: may execute
)

// blocked finds the first directory on the way to a path, and the path itself
// when it is a directory, that does not let a user in. ok is false when the user
// can get there, as far as there is something there. Access control lists
// (acl(5)) are not looked at. Nothing blocks root, and nothing can be said where
// owners are not known.
func blocked(v node.View, user node.User, to string) (at string, state node.State, ok bool) {
	if user.UID == 0 || !v.Owners() {
		return "", node.State{}, false
	}
	walk(v, to, func(step string, s node.State, last bool) bool {
		shut := s.Kind == node.Directory && !allows(user, s, mayEnter)
		wrong := s.Kind != node.Directory && !last
		if shut || wrong {
			at, state, ok = step, s, true
		}
		return !ok
	})
	return at, state, ok
}

// walk goes to a path step by step from the root on, symlinks followed, and
// calls visit at each step, with its path without symlinks, until visit says no
// or nothing is there. It returns where it came to, with what is there.
func walk(v node.View, to string, visit func(step string, s node.State, last bool) bool) (end string, state node.State) {
	return walkLinks(v, to, visit, 40)
}

func walkLinks(v node.View, to string, visit func(step string, s node.State, last bool) bool, links int) (end string, state node.State) {
	steps := strings.FieldsFunc(to, func(r rune) bool { return r == '/' })
	end = "/"
	state, err := look(v, end)
	for err == nil && visit(end, state, len(steps) == 0) && len(steps) > 0 {
		end, steps = path.Join(end, steps[0]), steps[1:]
		state, err = look(v, end)
		switch {
		case err != nil || state.Kind == node.Absent:
			return path.Join(append([]string{end}, steps...)...), node.State{}
		case state.Kind == node.Symlink && links > 0:
			onward := append([]string{target(end, state.Target)}, steps...)
			return walkLinks(v, path.Join(onward...), visit, links-1)
		}
	}
	return end, state
}

// look is what lies at a path, without the content that a planned file has.
func look(v node.View, at string) (node.State, error) {
	state, err := v.Lstat(at)
	state.Content = nil
	return state, err
}

// follow is what is at the end of the symlinks at a path, with its path without
// any.
func follow(v node.View, at string) (end string, state node.State) {
	return walk(v, at, func(string, node.State, bool) bool { return true })
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
