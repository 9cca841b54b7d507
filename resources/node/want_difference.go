package node

import (
	"cmp"
	"fmt"
)

// difference is the one change from now to w, nil when they agree.
func difference(v View, at string, now State, w Want) (Change, error) {
	to, err := w.over(v, now)
	if err != nil {
		return nil, err
	}
	if w.Kind == File {
		if err := fillContent(v, at, &now, &to, w); err != nil {
			return nil, err
		}
	}
	if now.Matches(to) {
		return nil, nil
	}
	if err := w.harmless(v, at, now, to); err != nil {
		return nil, err
	}
	if now.Kind == File && to.Content != nil && to.Owner != now.Owner { // they may stay behind: see inherited
		if now.Xattrs, err = v.Xattrs(at); err != nil {
			return nil, err
		}
	}
	change := &PathChange{Path: at, From: now, To: to}
	if w.Show != nil && to.Content != nil {
		shown := w.Show(bytesOf(now.Content), bytesOf(to.Content))
		change.Shown = &shown
	}
	return change, nil
}

// over is w where now lies, its content aside: what w leaves out is as it is, or as is
// usual for something new.
func (w Want) over(v View, now State) (State, error) {
	to := State{Kind: w.Kind, Owner: now.Owner, Group: now.Group, Mode: now.Mode, Target: w.Target}
	if now.Kind != w.Kind {
		to.Owner, to.Group, to.Mode = "root", "root", usualMode(w.Kind)
	}
	if w.Mode != ModeUnset && w.Kind != Symlink {
		to.Mode = w.Mode
	}
	if !v.Owners() {
		to.Owner, to.Group = "", ""
		return to, nil
	}
	to.Owner, to.Group = cmp.Or(w.Owner, to.Owner), cmp.Or(w.Group, to.Group)
	return to, known(v, to, now)
}

// harmless is the error that a change may be what somebody hopes for who has put
// another file in the place of the one that is meant.
func (w Want) harmless(v View, at string, now, to State) error {
	if err := planted(v, at, now); err != nil {
		return err
	}
	if o := w.Origin; o != nil && to.Content != nil {
		if o.Path == at && !o.State.Matches(now) {
			return &MovedError{Subject: Subject{OfPath, at}, Saw: o.State.String(), Found: now.String()}
		}
		return exposed(v, *o, to)
	}
	if to.Content == nil {
		return exposed(v, Origin{at, now}, to)
	}
	return nil
}

// fillContent puts the contents of both sides in, when they differ.
func fillContent(v View, at string, now, to *State, w Want) error {
	if now.Kind != File {
		to.Content = w.Content
		if to.Content == nil {
			to.Content = NewContent(nil)
		}
		return nil
	}
	if w.Content == nil {
		return nil
	}
	if now.Size == int64(len(w.Content.Bytes())) {
		if same, err := v.Holds(at, w.Content.Bytes()); err != nil || same {
			return err
		}
	}
	before, err := readContent(v, at)
	if err != nil {
		return err
	}
	now.Content, to.Content = before, w.Content
	return nil
}

// readContent is what a file holds that is to be changed.
func readContent(v View, at string) (*Content, error) {
	file, err := v.ReadVouched(at)
	return file.Content, err
}

// known makes sure that an owner and a group that are to be set exist.
func known(v View, to, now State) error {
	if to.Owner != now.Owner {
		if _, ok := v.User(to.Owner); !ok {
			return fmt.Errorf("chown: no user %q", to.Owner)
		}
	}
	if to.Group != now.Group {
		if _, ok := v.Group(to.Group); !ok {
			return fmt.Errorf("chown: no group %q", to.Group)
		}
	}
	return nil
}

func usualMode(k Kind) Mode {
	switch k {
	case Directory:
		return 0o755
	case File:
		return 0o644
	}
	return 0
}
