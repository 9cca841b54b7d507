package node

import (
	"cmp"
	"fmt"
	"path"
)

// A Want is what should lie at a path. What it leaves out is not managed: it is
// kept as it is, and created with the usual default.
type Want struct {
	Kind    Kind
	Owner   string // "" when not declared
	Group   string
	Mode    Mode // ModeUnset when not declared
	Content *Content
	Target  string // of a symlink

	// Origin is what the content was made from, if it was read from the node.
	Origin *Origin

	// Replace lets something of another kind that is in the way go.
	Replace bool
	// Show, where it is set, is what may be shown of the content before and
	// after: the content holds secrets.
	Show func(before, after []byte) Shown
}

// Converge is the changes after which w lies at the path: none when it does.
// Directories above it that are not there are made first. Nothing in the way is
// removed unless w says so, and a directory only with all that is in it.
func Converge(v View, at string, w Want) ([]Change, error) {
	now, err := v.Lstat(at)
	if err != nil {
		return nil, err
	}
	if w.Kind == Absent {
		changes, err := takeAway(v, at, now, w.Replace)
		return w.hide(changes), err
	}
	var first []Change
	switch now.Kind {
	case w.Kind:
	case Absent:
		first, err = above(v, at)
	default:
		first, now, err = w.makeWay(v, at, now)
	}
	if err != nil {
		return nil, err
	}
	change, err := difference(v, at, now, w)
	if err != nil || change == nil {
		return first, err
	}
	return append(first, change), nil
}

// makeWay is the changes before something of another kind can take the place of
// now, and what lies there then. A rename replaces all but a directory.
func (w Want) makeWay(v View, at string, now State) (first []Change, then State, err error) {
	switch {
	case !w.Replace, now.Kind == Other:
		err = fmt.Errorf("there is %s in the way, not a %s: move it away", now.A(), w.Kind)
	case now.Kind == Directory:
		first, err = takeAway(v, at, now, true)
		now = State{}
	case now.Kind == File:
		if err = planted(v, at, now); err == nil {
			_, err = remember(v, at, &now)
		}
	}
	return first, now, err
}

// hide keeps from being shown what the content is that goes.
func (w Want) hide(changes []Change) []Change {
	for _, c := range changes {
		if p, ok := c.(*PathChange); ok && w.Show != nil && p.From.Content != nil && p.Shown == nil {
			shown := w.Show(p.From.Content.Bytes(), nil)
			p.Shown = &shown
		}
	}
	return changes
}

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

// above is the changes that make the directories above a path that are not
// there.
func above(v View, at string) ([]Change, error) {
	dir := path.Dir(at)
	state, end, err := endOf(v, dir)
	switch {
	case err != nil:
		return nil, err
	case state.Kind == Absent && end != dir:
		return nil, fmt.Errorf("%s is a symlink that leads to %s, which does not exist", dir, end)
	case state.Kind == Absent:
		return Converge(v, dir, Want{Kind: Directory, Mode: ModeUnset})
	case state.Kind != Directory:
		return nil, fmt.Errorf("%s is %s, not a directory", dir, state.A())
	}
	return nil, nil
}

// endOf is what lies at the end of the symlinks at a path, and where.
func endOf(v View, at string) (State, string, error) {
	state, err := v.Lstat(at)
	for range maxLinks {
		if err != nil || state.Kind != Symlink {
			break
		}
		at = join(path.Dir(at), state.Target)
		state, err = v.Lstat(at)
	}
	return state, at, err
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
