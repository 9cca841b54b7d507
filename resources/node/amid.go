package node

import (
	"bytes"
	"slices"

	"github.com/aymanbagabas/go-udiff"
)

// This file tells what a change has made of a file or a crontab from what others
// have made of it since, line by line: for formats in which a line stands for
// itself.

// BackAmid plans the way back as Back does, and leaves lines that others have put in
// or taken out since as they are. A *MovedError says that they have changed what the
// change had made.
func BackAmid(v View, c Change) (Plan, error) {
	plan, err := Back(v, c, false)
	if err == nil {
		return plan, nil
	}
	var back Change
	var done bool
	switch c := c.(type) {
	case *PathChange:
		back, done = c.backAmid(v)
	case *CrontabChange:
		back, done = c.backAmid(v)
	}
	switch {
	case done:
		return Plan{}, nil
	case back == nil:
		return plan, err
	}
	return Plan{Changes: []Change{back}, Notes: []string{"what others have put into it is kept"}}, nil
}

// backAmid is the way back, nil when there is none; or it is done already.
func (c *PathChange) backAmid(v View) (back Change, done bool) {
	now, err := v.Lstat(c.Path)
	if err != nil || now.Kind != File || c.To.Content == nil || c.From.Kind != File && c.From.Kind != Absent {
		return nil, false
	}
	if now.Content, err = readContent(v, c.Path); err != nil {
		return nil, false
	}
	left := c.To
	left.Content = nil
	rest, ok := unmade(c.From.Content, c.To.Content, now.Content)
	switch {
	case gone(c.From.Content, c.To.Content, now.Content):
		return nil, true
	case !ok || !left.Matches(now):
		return nil, false
	}
	way := c.backFrom(now)
	if way.To.Kind == Absent {
		way.To = now
	}
	way.To.Content = rest
	return way, false
}

func (c *CrontabChange) backAmid(v View) (back Change, done bool) {
	text, there, err := v.Crontab(c.User)
	if err != nil || !there || c.To == nil {
		return nil, false
	}
	now := NewContent(text)
	rest, ok := unmade(c.From, c.To, now)
	switch {
	case gone(c.From, c.To, now):
		return nil, true
	case !ok:
		return nil, false
	}
	way := &CrontabChange{User: c.User, From: now, To: rest}
	if c.Shown != nil {
		way.Shown = &Shown{}
	}
	return way, false
}

// JoinAmid joins two changes as Join does. What others have changed in between counts
// as having been there before the first one: it is not part of what the two come to.
// It is false when that cannot be told apart.
func JoinAmid(first, second Change) (Change, bool) {
	joined := Join(first, second)
	if !Shared(first, second) {
		return joined, true
	}
	switch c := joined.(type) {
	case *PathChange:
		was := first.(*PathChange).To.Content
		found := second.(*PathChange).From
		rest, ok := unmade(c.From.Content, was, found.Content)
		if c.From.Kind == Absent {
			c.From = found
		}
		c.From.Content = rest
		return c, ok
	case *CrontabChange:
		rest, ok := unmade(c.From, first.(*CrontabChange).To, second.(*CrontabChange).From)
		c.From = rest
		return c, ok
	}
	return joined, true
}

// unmade is what others have made of a text, without what we had made of it: the
// way from what we left to what was there first, taken from what is there now. It is
// false when they have changed a line that we had made.
func unmade(first, left, now *Content) (*Content, bool) {
	text := bytesOf(left)
	ours := udiff.Lines(string(text), string(bytesOf(first)))
	theirs := udiff.Lines(string(text), string(bytesOf(now)))
	var all []udiff.Edit
	for _, o := range ours {
		for _, t := range theirs {
			switch {
			case t.Start < t.End && t.Start < o.End && o.Start < t.End:
				return nil, false
			case o.Start < t.Start && t.Start < o.End: // theirs comes in between
				if o.New != "" {
					return nil, false
				}
				all = append(all, udiff.Edit{Start: o.Start, End: t.Start})
				o.Start = t.Start
			}
		}
		all = append(all, o)
	}
	all = append(all, theirs...)
	slices.SortStableFunc(all, func(a, b udiff.Edit) int { return a.Start - b.Start })
	var rest bytes.Buffer
	at := 0
	for _, e := range all {
		rest.Write(text[at:max(at, e.Start)])
		rest.WriteString(e.New)
		at = max(at, e.End)
	}
	rest.Write(text[at:])
	return NewContent(rest.Bytes()), true
}

// gone says whether nothing that we had made of a text is in it any more, and all
// that we had taken out is.
func gone(first, left, now *Content) bool {
	was, made, is := lineSet(first), lineSet(left), lineSet(now)
	for line := range made {
		if !was[line] && is[line] {
			return false
		}
	}
	for line := range was {
		if !made[line] && !is[line] {
			return false
		}
	}
	return true
}
