package node

import (
	"fmt"
	"strings"
)

// A PathChange is a change of what lies at one path: a file, a directory or a
// symlink is made, altered, replaced or removed.
type PathChange struct {
	Path     string
	From, To State
	Shown    *Shown // what may be shown of the contents; nil when they are no secret
}

// Subject is part of Change.
func (c *PathChange) Subject() Subject { return Subject{OfPath, c.Path} }

// Inverse is part of Change.
func (c *PathChange) Inverse() Change {
	return &PathChange{Path: c.Path, From: c.To, To: c.From, Shown: c.Shown.inverse()}
}

// Line is part of Change.
func (c *PathChange) Line() string {
	switch {
	case c.To.Kind == Absent:
		return fmt.Sprintf("remove %s %s", c.From.Kind, c.Path)
	case c.From.Kind == Absent:
		return fmt.Sprintf("create %s %s%s", c.To.Kind, c.Path, c.made())
	case c.From.Kind != c.To.Kind:
		return fmt.Sprintf("replace %s %s with a %s%s", c.From.Kind, c.Path, c.To.Kind, c.made())
	}
	return fmt.Sprintf("change %s %s: %s", c.From.Kind, c.Path, strings.Join(c.altered(), ", "))
}

// made tells what a new path is made with.
func (c *PathChange) made() string {
	if c.To.Kind == Symlink {
		return " -> " + c.To.Target
	}
	text := " (" + c.To.Mode.String()
	if c.To.Owner != "" || c.To.Group != "" {
		text += " " + c.To.Owner + ":" + c.To.Group
	}
	return text + ")"
}

// altered tells what changes of a path that stays of its kind.
func (c *PathChange) altered() []string {
	var words []string
	say := func(what, from, to string) {
		if from != to && from != "" && to != "" {
			words = append(words, fmt.Sprintf("%s %s -> %s", what, from, to))
		}
	}
	say("target", c.From.Target, c.To.Target)
	if c.To.Content != nil {
		words = append(words, "content")
	}
	say("owner", c.From.Owner, c.To.Owner)
	say("group", c.From.Group, c.To.Group)
	if c.To.Kind != Symlink {
		say("mode", c.From.Mode.String(), c.To.Mode.String())
	}
	return words
}

// Diff is part of Change.
func (c *PathChange) Diff() Diff {
	d := Diff{Name: c.Path}
	if c.Shown != nil {
		d.Before, d.After = c.Shown.Before, c.Shown.After
	} else if c.From.Content != nil || c.To.Content != nil {
		d.Before, d.After = string(bytesOf(c.From.Content)), string(bytesOf(c.To.Content))
	}
	return d
}

// alters says whether the path stays what it is, with another owner or mode.
func (c *PathChange) alters() bool {
	return c.From.Kind == c.To.Kind && c.To.Content == nil && c.To.Kind != Symlink
}

// keepsXattrs says whether the path has the extended attributes afterwards that it
// had before.
func (c *PathChange) keepsXattrs() bool {
	return c.From.Kind == c.To.Kind && c.To.Kind != Symlink && c.To.Xattrs == nil
}

func (c *PathChange) lay(f *Future) {
	to := c.To
	switch {
	case to.Kind == Absent:
		to = State{}
	case c.alters():
		to.Size, to.Links, to.MTime, to.CTime = c.From.Size, c.From.Links, c.From.MTime, f.Now()
	default:
		to.Links, to.MTime, to.CTime = 1, f.Now(), f.Now()
		to.Size = int64(len(bytesOf(to.Content)))
	}
	f.layPath(c.Path, to, !c.alters(), c.keepsXattrs())
}
