package node

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// This file asks the questions of vouch.go of states, where what is planned is
// part of the answer.

// planterOf is the least trusted of those who can have made a link: whoever owns
// it, or the directory that it lies in. A hard link has the owner of its file.
func planterOf(dir, link State) string {
	writers := dir.Mode & 0o022
	if link.Kind == Symlink {
		switch {
		case link.Owner != "root":
			return link.Owner
		case dir.Mode&0o1000 != 0:
			writers = 0
		case dir.Owner != "root":
			writers &= 0o002
		}
	}
	if writers != 0 {
		return "somebody"
	}
	return dir.Owner
}

// planted is the error that a file which is to be changed may be a hard link to
// somebody else's.
func planted(v View, at string, now State) error {
	if now.Kind != File || now.Links < 2 || !v.Owners() {
		return nil
	}
	dir, _, err := endOf(v, path.Dir(at))
	if err != nil {
		return err
	}
	if planter := planterOf(dir, now); planter == "root" || planter == now.Owner {
		return nil
	}
	return fmt.Errorf("%s: %w", at, severalNames(now.Links))
}

func severalNames(n uint64) error {
	return fmt.Errorf("it has %d names and others may write to its directory: it may be a hard link to another file: refused", n)
}

// ReadVouched is part of View.
func (f *Future) ReadVouched(at string) ([]byte, error) {
	switch {
	case f.untouched():
		return f.View.ReadVouched(at)
	case !f.Owners():
		return f.ReadFile(at)
	}
	resolved, err := f.vouched(at)
	if err != nil {
		return nil, err
	}
	if s, ok := f.paths[resolved]; ok && (s.Kind != File || s.Content != nil) || !ok && f.hidden(resolved) {
		return f.ReadFile(resolved)
	}
	return f.View.ReadVouched(resolved)
}

// vouched is where a path leads, unless somebody can have planted a link on the
// way who does not own what is there.
func (f *Future) vouched(at string) (string, error) {
	planters := map[string]string{} // and the last link that each can have planted
	where, end, rest := "/", State{}, strings.Split(at, "/")
	for links := 0; len(rest) > 0; {
		next := path.Join(where, rest[0])
		rest = rest[1:]
		var err error
		if end, err = f.at(next); err != nil {
			return "", err
		}
		if end.Kind != Symlink {
			where = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: too many levels of symlinks", at)
		}
		if err := f.suspect(planters, where, next, end); err != nil {
			return "", err
		}
		if path.IsAbs(end.Target) {
			where = "/"
		}
		rest = append(strings.Split(end.Target, "/"), rest...)
	}
	for _, planter := range slices.Sorted(maps.Keys(planters)) {
		if end.Kind == File && end.Owner != planter {
			return "", &PlantedError{Link: planters[planter], By: planter, Owner: end.Owner}
		}
	}
	return where, nil
}

// suspect adds those who can have planted a symlink in a directory: whoever owns
// the link, the directory, or one above, who can move about what is in it.
func (f *Future) suspect(planters map[string]string, dir, at string, link State) error {
	holds, err := f.at(dir)
	if err != nil {
		return err
	}
	if planter := planterOf(holds, link); planter != "root" {
		planters[planter] = at
	}
	for dir != "/" {
		above, err := f.at(dir)
		if err != nil {
			return err
		}
		if above.Owner != "root" {
			planters[above.Owner] = at
		}
		dir = path.Dir(dir)
	}
	return nil
}
