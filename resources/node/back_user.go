package node

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file takes changes of users back. They are made by programs that do
// several things, so one may be found half-way.

func (c *UserChange) back(v View, anyhow bool) (Plan, error) {
	now, there := v.User(c.Name)
	switch {
	case c.is(v, c.From):
		return Plan{}, nil
	case !c.is(v, c.To) && !anyhow:
		return Plan{}, &MovedError{Subject: c.Subject(), Saw: c.To.String(), Found: c.seen(c.To, v).String()}
	case !c.From.Present && !there: // its own group alone is left
		return Plan{Changes: []Change{&GroupChange{Name: c.Name, From: GroupRecord{Present: true}}}}, nil
	case !c.From.Present:
		return Plan{Changes: []Change{&UserChange{Name: c.Name, From: Whole(v, now, c.To.OwnGroup != nil)}}}, nil
	case !there:
		return Plan{Changes: []Change{&UserChange{Name: c.Name, To: c.anew(v)}}}, nil
	}
	back := c.alterBack(now)
	if back.To.String() == back.From.String() {
		return Plan{}, nil
	}
	return Plan{Changes: []Change{back}}, nil
}

// is says whether the node shows what a side of the change tells.
func (c *UserChange) is(v View, side UserRecord) bool {
	return c.seen(side, v).String() == side.String()
}

// anew is the record of a user to be made again. Of one that was half removed,
// its group may be there still.
func (c *UserChange) anew(v View) UserRecord {
	to := c.From
	if _, left := v.Group(c.Name); left && to.OwnGroup != nil {
		to.Fields = maps.Clone(to.Fields)
		to.Fields[UserGroup] = c.Name
		to.OwnGroup = nil
	}
	return to
}

// alterBack leads from the user as it is to what the change saw of it.
func (c *UserChange) alterBack(now User) *UserChange {
	back := &UserChange{
		Name: c.Name,
		From: UserRecord{Present: true, Fields: map[UserField]string{}},
		To:   UserRecord{Present: true, Fields: map[UserField]string{}},
	}
	for f, was := range c.From.Fields {
		if is := now.Field(f); is != was {
			back.From.Fields[f], back.To.Fields[f] = is, was
		}
	}
	for _, g := range c.From.Groups {
		if !slices.Contains(now.Groups, g) {
			back.To.Groups = append(back.To.Groups, g)
		}
	}
	for _, g := range c.To.Groups {
		if slices.Contains(now.Groups, g) && !slices.Contains(c.From.Groups, g) {
			back.From.Groups = append(back.From.Groups, g)
		}
	}
	return back
}

// Whole is the record of a user with all that is lost when it goes, so that the
// way back restores it. With ownGroup, the group of its name goes with it.
func Whole(v View, u User, ownGroup bool) UserRecord {
	r := UserRecord{Present: true, Fields: map[UserField]string{}, Groups: u.Groups}
	for _, f := range userFields {
		r.Fields[f] = u.Field(f)
	}
	if g, ok := v.Group(u.Name); ok && ownGroup {
		delete(r.Fields, UserGroup)
		r.OwnGroup = &GroupRecord{Present: true, GID: fmt.Sprint(g.GID)}
	}
	if line := ShadowLine(v, u.Name); line != "" {
		r.Shadow = NewContent([]byte(line))
	}
	return r
}

// ShadowLine is the line of a user in shadow(5), "" when there is none or when it
// cannot be read.
func ShadowLine(v View, name string) string {
	text, _ := v.ReadFile(shadowFile)
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte(name+":")) {
			return strings.TrimSuffix(string(line), "\n")
		}
	}
	return ""
}
