package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// This file is changes as the journal keeps them: JSON that holds digests, never
// contents. Those go to a store of their own.

// A Store gives contents by their digests.
type Store interface {
	Content(digest string) (*Content, error)
}

// Encode writes a change as JSON, and returns the contents that it refers to by
// their digests.
func Encode(c Change) ([]byte, []*Content, error) {
	var e encoding
	var r changeRecord
	switch c := c.(type) {
	case *PathChange:
		r.Path = &pathRecord{c.Path, e.state(c.From), e.state(c.To), e.shown(c.Shown)}
	case *UserChange:
		r.User = &userRecord{c.Name, e.user(c.From), e.user(c.To)}
	case *GroupChange:
		r.Group = c
	case *CrontabChange:
		r.Crontab = &crontabRecord{c.User, e.content(c.From), e.content(c.To), e.shown(c.Shown)}
	case *UnitAction:
		r.Unit = c
	case *ManagerReload:
		r.Reload = c
	case *TreeMove:
		r.Move = &moveRecord{c.From, c.To, e.state(c.Was), e.state(c.Becomes)}
	case *TreeRemoval:
		r.Removal = &removalRecord{c.Path, e.state(c.State)}
	case *TreeCopy:
		r.Copy = c
	case *TreeSync:
		r.Sync = &syncRecord{c.From, c.To, c.User, e.state(c.Was), e.state(c.Top)}
	case *TreeLook:
		r.Look = c
	case *TreeReturn:
		r.Return = c
	default:
		return nil, nil, fmt.Errorf("a change of type %T cannot be written to the journal", c)
	}
	text, err := json.Marshal(r)
	return text, e.contents, err
}

// Decode reads a change back, its contents from a store.
func Decode(text []byte, from Store) (Change, error) {
	var r changeRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	d := decoding{store: from}
	var c Change
	switch {
	case r.Path != nil:
		c = &PathChange{Path: r.Path.Path, From: d.state(r.Path.From), To: d.state(r.Path.To), Shown: d.shown(r.Path.Shown)}
	case r.User != nil:
		c = &UserChange{Name: r.User.Name, From: d.user(r.User.From), To: d.user(r.User.To)}
	case r.Group != nil:
		c = r.Group
	case r.Crontab != nil:
		c = &CrontabChange{User: r.Crontab.User, From: d.content(r.Crontab.From), To: d.content(r.Crontab.To), Shown: d.shown(r.Crontab.Shown)}
	case r.Unit != nil:
		c = r.Unit
	case r.Reload != nil:
		c = r.Reload
	case r.Move != nil:
		c = &TreeMove{From: r.Move.From, To: r.Move.To, Was: d.state(r.Move.Was), Becomes: d.state(r.Move.Becomes)}
	case r.Removal != nil:
		c = &TreeRemoval{Path: r.Removal.Path, State: d.state(r.Removal.State)}
	case r.Copy != nil:
		c = r.Copy
	case r.Sync != nil:
		c = &TreeSync{From: r.Sync.From, To: r.Sync.To, User: r.Sync.User, Was: d.state(r.Sync.Was), Top: d.state(r.Sync.Top)}
	case r.Look != nil:
		c = r.Look
	case r.Return != nil:
		c = r.Return
	default:
		return nil, errors.New("it is no change that this program knows")
	}
	return c, d.err
}

// An encoding gathers the contents on the way.
type encoding struct{ contents []*Content }

func (e *encoding) content(c *Content) *string {
	if c == nil {
		return nil
	}
	e.contents = append(e.contents, c)
	digest := c.Digest()
	return &digest
}

func (e *encoding) state(s State) stateRecord {
	r := stateRecord{Kind: s.Kind.String(), Owner: s.Owner, Group: s.Group, Target: s.Target, Content: e.content(s.Content), Odd: s.Odd}
	if s.Xattrs != nil {
		r.Xattrs = &s.Xattrs
	}
	if s.Kind == File || s.Kind == Directory {
		r.Mode = &s.Mode
	}
	return r
}

func (e *encoding) shown(s *Shown) *shownRecord {
	if s == nil {
		return nil
	}
	return &shownRecord{e.content(NewContent([]byte(s.Before))), e.content(NewContent([]byte(s.After)))}
}

func (e *encoding) user(r UserRecord) userSide {
	side := userSide{r, e.content(r.Shadow)}
	side.UserRecord.Shadow = nil
	return side
}

// A decoding keeps the first error.
type decoding struct {
	store Store
	err   error
}

func (d *decoding) content(digest *string) *Content {
	if digest == nil || d.err != nil {
		return nil
	}
	c, err := d.store.Content(*digest)
	d.err = err
	return c
}

func (d *decoding) state(r stateRecord) State {
	kind := slices.Index(kinds[:], r.Kind)
	if kind < 0 && d.err == nil {
		d.err = fmt.Errorf("%q is no kind of file", r.Kind)
	}
	s := State{Kind: Kind(max(kind, 0)), Owner: r.Owner, Group: r.Group, Target: r.Target, Content: d.content(r.Content), Odd: r.Odd}
	if r.Xattrs != nil {
		s.Xattrs = *r.Xattrs
	}
	if r.Mode != nil {
		s.Mode = *r.Mode
	}
	return s
}

func (d *decoding) shown(r *shownRecord) *Shown {
	if r == nil {
		return nil
	}
	return &Shown{string(bytesOf(d.content(r.Before))), string(bytesOf(d.content(r.After)))}
}

func (d *decoding) user(side userSide) UserRecord {
	r := side.UserRecord
	r.Shadow = d.content(side.Shadow)
	return r
}

// Brief is the subject of a change that was encoded, in words, and whether it tells
// of a content. It needs no store.
func Brief(text []byte) (subject string, content bool, err error) {
	var r changeRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return "", false, err
	}
	switch {
	case r.Path != nil:
		return "path " + r.Path.Path, r.Path.From.Content != nil || r.Path.To.Content != nil, nil
	case r.Move != nil:
		return "path " + r.Move.From, false, nil
	case r.Removal != nil:
		return "path " + r.Removal.Path, false, nil
	case r.User != nil:
		return "user " + r.User.Name, false, nil
	case r.Group != nil:
		return "group " + r.Group.Name, false, nil
	case r.Crontab != nil:
		return "crontab " + r.Crontab.User, true, nil
	case r.Unit != nil:
		return "unit " + r.Unit.Unit, false, nil
	case r.Copy != nil:
		return "path " + hiding(r.Copy.To), false, nil
	case r.Sync != nil:
		return "path " + r.Sync.To, false, nil
	case r.Look != nil:
		return "path " + r.Look.To, false, nil
	case r.Return != nil:
		return "path " + r.Return.To, false, nil
	}
	return "manager", false, nil
}
