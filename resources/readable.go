package resources

import (
	"errors"
	"fmt"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// Readers is who else must be able to read a file.
type Readers struct {
	// ReadableBy are users who must be able to open it: each directory above lets
	// them through, and its own mode, or access control list (acl(5)), lets them read.
	// It is examined before anything is written.
	ReadableBy []UserName `yaml:"readable_by,omitempty"`
}

// examine is each reader who could not open the file.
func (r Readers) examine(v node.View, file Path) error {
	if !v.Owners() {
		return nil
	}
	var errs []error
	for _, name := range r.ReadableBy {
		user, ok := v.User(string(name))
		if !ok {
			errs = append(errs, fmt.Errorf("readable_by: no user %q", name))
		} else if why := unreadable(v, user, string(file)); why != nil {
			errs = append(errs, fmt.Errorf("readable_by: %w", why))
		}
	}
	return errors.Join(errs...)
}

// unreadable is the first thing that keeps a user from reading what lies at a
// path, as far as there is something; of a directory, from listing it as well.
func unreadable(v node.View, user node.User, at string) error {
	if where, state, ok := blocked(v, user, at); ok {
		return barred(user, where, state)
	}
	end, state := follow(v, at)
	if state.Kind == node.Absent || !v.Owners() || permits(v, user, end, state, mayRead) {
		return nil
	}
	why := fmt.Errorf("%s cannot read %s (%s)", user.Name, end, state)
	wider := letting(user, state, mayRead)
	if class(user, state) == 0 && state.Kind != node.Directory { // what others may read everybody may
		why = fmt.Errorf("%w: give it a group that %s is in", why, user.Name)
		if wider = state.Mode | mayRead<<3; wider == state.Mode {
			return why
		}
		return fmt.Errorf("%w, and mode %s", why, wider)
	}
	return fmt.Errorf("%w: give it mode %s", why, wider)
}

// openToAll says whether nothing on the way to a path, nor what lies there, keeps
// anybody from reading it: then nobody need be asked for.
func openToAll(v node.View, to string) bool {
	for s := range steps(v, to) {
		needs := node.Mode(0)
		if s.state.Kind == node.Directory {
			needs = 0o111
		}
		if s.last() && s.state.Kind != node.Symlink {
			needs |= 0o444
		}
		if s.state.Mode&needs != needs {
			return false
		}
	}
	return true
}

// missing is the first step to a path at which there is nothing, or no way on.
func missing(v node.View, to string) error {
	w, err := wayTo(v, to)
	if err != nil {
		return err
	}
	return w.broken()
}
