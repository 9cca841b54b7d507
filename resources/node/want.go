package node

import (
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
