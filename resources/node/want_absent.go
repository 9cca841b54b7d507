package node

import (
	"errors"
	"fmt"
	"path"
)

// takeAway is the changes that take away what lies at a path, unless something
// is mounted there or below: what it holds would go with it.
func takeAway(v View, at string, now State, deep bool) ([]Change, error) {
	if now.Kind == Directory {
		point, err := v.MountBelow(at)
		switch {
		case err != nil:
			return nil, err
		case point != "":
			return nil, fmt.Errorf("something is mounted at %s: unmount it first", point)
		}
	}
	return remove(v, at, now, deep)
}

// remove is the changes that take away what lies at a path, contents before
// their directory. A directory that is not empty goes only with deep.
func remove(v View, at string, now State, deep bool) ([]Change, error) {
	if now.Kind == Absent {
		return nil, nil
	}
	var changes []Change
	if now.Kind == Directory {
		names, err := v.ReadDir(at)
		if err != nil {
			return nil, err
		}
		if len(names) > 0 && !deep {
			return nil, fmt.Errorf("the directory is not empty (it holds %s): empty it, or declare recursive: true", some(names))
		}
		for _, name := range names {
			below := path.Join(at, name)
			state, err := v.Lstat(below)
			if err != nil {
				return nil, err
			}
			inner, err := remove(v, below, state, deep)
			if err != nil {
				return nil, err
			}
			for _, c := range inner {
				c.(*PathChange).Shown = &Shown{} // nobody declared it: it may be secret
			}
			changes = append(changes, inner...)
		}
	}
	change := &PathChange{Path: at}
	planted, err := remember(v, at, &now)
	if err != nil {
		return nil, err
	}
	if planted {
		change.Shown = &Shown{} // its name may go; what it holds may be somebody else's
	}
	change.From = now
	return append(changes, change), nil
}

// remember completes the state of what goes, so that it can come back as it was.
// It says whether a file may be a hard link that was planted.
func remember(v View, at string, now *State) (planted bool, err error) {
	if now.Kind == File {
		file, err := v.ReadVouched(at)
		var suspect *PlantedError
		planted = errors.As(err, &suspect) && file.Content != nil
		if err != nil && !planted {
			return false, err
		}
		now.Content = file.Content
	}
	if now.Kind == File || now.Kind == Directory {
		now.Xattrs, err = v.Xattrs(at)
	}
	return planted, err
}

// some names the first few of names.
func some(names []string) string {
	const few = 3
	if len(names) > few {
		return fmt.Sprintf("%s, %s, %s and %d more", names[0], names[1], names[2], len(names)-few)
	}
	text := names[0]
	for _, name := range names[1:] {
		text += ", " + name
	}
	return text
}
