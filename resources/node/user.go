package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A UserChange is a change of one user. passwd(5) is shared with everybody who
// changes users, so the change says only what it changes: a record holds no
// field that stays as it is.
type UserChange struct {
	Name     string
	From, To UserRecord
}

// Subject is part of Change.
func (c *UserChange) Subject() Subject { return Subject{OfUser, c.Name} }

// Diff is part of Change. The line says it all.
func (c *UserChange) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *UserChange) Inverse() Change {
	return &UserChange{Name: c.Name, From: c.To, To: c.From}
}

// Line is part of Change.
func (c *UserChange) Line() string {
	switch {
	case !c.To.Present && c.From.OwnGroup != nil:
		return fmt.Sprintf("remove user %s and its own group", c.Name)
	case !c.To.Present:
		return "remove user " + c.Name
	case !c.From.Present && c.To.System:
		return fmt.Sprintf("create system user %s (%s)", c.Name, c.To)
	case !c.From.Present:
		return fmt.Sprintf("create user %s (%s)", c.Name, c.To)
	}
	return fmt.Sprintf("change user %s: %s", c.Name, strings.Join(c.altered(), ", "))
}

// altered tells what changes of a user that stays.
func (c *UserChange) altered() []string {
	var words []string
	for _, f := range userFields {
		if to, ok := c.To.Fields[f]; ok {
			words = append(words, fmt.Sprintf("%s %s -> %s", f, shownField(c.From.Fields[f]), shownField(to)))
		}
	}
	if len(c.To.Groups) > 0 {
		words = append(words, "added to "+strings.Join(c.To.Groups, " and "))
	}
	if len(c.From.Groups) > 0 {
		words = append(words, "taken out of "+strings.Join(c.From.Groups, " and "))
	}
	return words
}

// people are looked up by name: in a view, or in the user database as it is now.
type people interface {
	User(name string) (User, bool)
	Group(name string) (Group, bool)
}

// seen is what there is now of what a side of the change tells.
func (c *UserChange) seen(side UserRecord, db people) UserRecord {
	u, ok := db.User(c.Name)
	now := UserRecord{Present: ok, Fields: map[UserField]string{}}
	for f := range side.Fields {
		if ok {
			now.Fields[f] = u.Field(f)
		}
	}
	for _, g := range u.Groups {
		if slices.Contains(c.From.Groups, g) || slices.Contains(c.To.Groups, g) {
			now.Groups = append(now.Groups, g)
		}
	}
	if _, there := db.Group(c.Name); there && (c.From.OwnGroup != nil || c.To.OwnGroup != nil) {
		now.OwnGroup = &GroupRecord{Present: true}
	}
	return now
}

func (c *UserChange) lay(f *Future) {
	u, _ := f.User(c.Name)
	for _, g := range c.From.Groups {
		f.layMember(g, c.Name, false)
	}
	if !c.To.Present {
		f.users[c.Name] = nil
		if c.From.OwnGroup != nil {
			f.groups[c.Name] = nil
		}
		return
	}
	if !c.From.Present {
		u = User{Name: c.Name, UID: -1, GID: -1, Group: c.Name}
	}
	if c.To.OwnGroup != nil {
		f.groups[c.Name] = &Group{Name: c.Name, GID: c.To.OwnGroup.number()}
	}
	u.set(c.To.Fields)
	if g, ok := f.Group(u.Group); ok {
		u.GID = g.GID
	}
	for _, g := range c.To.Groups {
		f.layMember(g, c.Name, true)
	}
	u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(g string) bool { return slices.Contains(c.From.Groups, g) })
	u.Groups = slices.Compact(slices.Sorted(slices.Values(append(u.Groups, c.To.Groups...))))
	f.users[c.Name] = &u
}

// set gives the user the values of a record.
func (u *User) set(fields map[UserField]string) {
	for f, value := range maps.All(fields) {
		switch f {
		case UserUID:
			u.UID, _ = parseID(value)
		case UserGroup:
			u.Group = value
		case UserComment:
			u.Comment = value
		case UserHome:
			u.Home = value
		case UserShell:
			u.Shell = value
		}
	}
}
