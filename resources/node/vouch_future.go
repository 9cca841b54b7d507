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

// An Origin is a file that a content was made from.
type Origin struct {
	Path  string
	State State // as it was read
}

// exposed is the error that a file, or what was made of it, is to be opened to
// somebody who may have put it where it is and cannot read it. It may be another
// file of root's under another name, or the last name of one that root has
// replaced: nothing tells those from the one that is meant.
func exposed(v View, o Origin, to State) error {
	if o.State.Kind != File || !v.Owners() {
		return nil
	}
	_, end, err := endOf(v, o.Path)
	if err != nil {
		return err
	}
	dir, _, err := endOf(v, path.Dir(end))
	if err != nil {
		return err
	}
	planter := planterOf(dir, o.State)
	switch {
	case planter == "root", dir.Owner == o.State.Owner && dir.Mode&0o002 == 0:
		return nil
	case canRead(v, planter, dir, o.State), !canRead(v, planter, dir, to):
		return nil
	}
	return fmt.Errorf("%s belongs to %s, and %s, who may have put it there, cannot read it (%s): refused to open it: look at what it is, and chown or chmod it by hand",
		end, o.State.Owner, planter, o.State.Mode)
}

// canRead says whether somebody who may write to a directory can read a file in it.
func canRead(v View, who string, dir, file State) bool {
	switch {
	case file.Mode&0o004 != 0, file.Owner == who:
		return true
	case file.Mode&0o040 == 0:
		return false
	case who == "somebody":
		return file.Group == dir.Group
	}
	u, ok := v.User(who)
	return ok && (u.Group == file.Group || slices.Contains(u.Groups, file.Group))
}

func severalNames(n uint64) error {
	return fmt.Errorf("it has %d names and others may write to its directory: it may be a hard link to another file: refused", n)
}

// ReadVouched is part of View.
func (f *Future) ReadVouched(at string) (State, error) {
	if f.untouched() {
		return f.View.ReadVouched(at)
	}
	resolved, err := f.follow(at)
	if err == nil && f.Owners() {
		resolved, err = f.vouched(at)
	}
	if err != nil {
		return State{}, err
	}
	s, laid := f.paths[resolved]
	if laid && (s.Kind != File || s.Content != nil) || !laid && f.hidden(resolved) {
		data, err := f.ReadFile(resolved)
		s.State.Content = NewContent(data)
		return s.State, err
	}
	below, err := f.View.ReadVouched(f.source(resolved))
	if laid {
		below.Owner, below.Group, below.Mode = s.Owner, s.Group, s.Mode
	}
	return below, err
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
