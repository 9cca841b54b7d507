package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A UserChange is a change of one user. passwd(5) is shared with everybody who
// changes users, so the change says only what it changes: a record holds no
// field that stays as it is.
type UserChange struct {
	Name     string
	From, To UserRecord
}

// A UserRecord is one side of a UserChange.
type UserRecord struct {
	Present bool `json:"present"`
	// Fields are those that the change concerns. Of a new user, those that are
	// left out are what useradd(8) makes them.
	Fields map[UserField]string `json:"fields,omitempty"`
	// Groups are the supplementary groups that the user is in on this side only.
	Groups []string `json:"groups,omitempty"`
	// OwnGroup is the group of the user's own name, where it comes and goes with
	// the user.
	OwnGroup *GroupRecord `json:"own_group,omitempty"`
	// System takes the number of a new user from the range for the system's own.
	System bool `json:"system,omitempty"`
	// Shadow is the line in shadow(5) of a user that goes, password and all. It
	// is never shown.
	Shadow *Content `json:"-"`
}

// A UserField is a field of a user's line in passwd(5).
type UserField string

// The fields of a user. UserGroup is the primary group, by name.
const (
	UserUID     UserField = "uid"
	UserGroup   UserField = "group"
	UserComment UserField = "comment"
	UserHome    UserField = "home"
	UserShell   UserField = "shell"
)

// userFields are the fields in the order in which they are told.
var userFields = []UserField{UserUID, UserGroup, UserHome, UserShell, UserComment}

// Field is the value of a field as it stands in a record.
func (u User) Field(f UserField) string {
	switch f {
	case UserUID:
		return strconv.Itoa(u.UID)
	case UserGroup:
		return u.Group
	case UserComment:
		return u.Comment
	case UserHome:
		return u.Home
	}
	return u.Shell
}

// String tells the record in a few words: `home /srv/git, in www-data`.
func (r UserRecord) String() string {
	words := r.words()
	switch {
	case !r.Present && r.OwnGroup != nil:
		return "absent, but there is a group of its name"
	case !r.Present:
		return "absent"
	case len(words) == 0:
		return "present"
	}
	return strings.Join(words, ", ")
}

func (r UserRecord) words() []string {
	var words []string
	for _, f := range userFields {
		if value, ok := r.Fields[f]; ok {
			words = append(words, fmt.Sprintf("%s %s", f, shownField(value)))
		}
	}
	if len(r.Groups) > 0 {
		words = append(words, "in "+strings.Join(slices.Sorted(slices.Values(r.Groups)), " and "))
	}
	if r.OwnGroup != nil {
		words = append(words, "own group")
	}
	return words
}

func shownField(value string) string {
	if value == "" {
		return `""`
	}
	return value
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

// perform goes through the system's own programs, or edits the files of a tree.
func (c *UserChange) perform(ctx context.Context, m *Machine) error {
	now := c.seen(c.From, readUserDB(m))
	if now.String() != c.From.String() {
		return &MovedError{Subject: c.Subject(), Saw: c.From.String(), Found: now.String()}
	}
	if m.offline {
		return editAccounts(ctx, m, c.edit)
	}
	if err := c.runIdle(ctx, m); err != nil {
		return err
	}
	if now = c.seen(c.To, readUserDB(m)); now.String() != c.To.String() {
		return fmt.Errorf("the user should now be: %s; it is: %s", c.To, now)
	}
	return c.keepCrontab(ctx, m)
}

// runIdle waits for the user's processes where it must, and tries again when one has
// come just before usermod(8) looked.
func (c *UserChange) runIdle(ctx context.Context, m *Machine) error {
	for end := time.Now().Add(shortly); ; {
		if c.needsIdle() {
			m.awaitBrief(ctx, c.Name, "")
		}
		err := c.run(ctx, readUserDB(m))
		if busy := (*busyError)(nil); !errors.As(err, &busy) || time.Now().After(end) {
			return err
		}
		found, lookErr := m.holders(c.Name, "")
		if lookErr != nil || slices.ContainsFunc(found, func(h Holder) bool { return !h.Brief() }) {
			return err
		}
	}
}

// needsIdle says whether usermod(8) makes the change only while the user has no
// processes.
func (c *UserChange) needsIdle() bool {
	_, home := c.To.Fields[UserHome]
	_, uid := c.To.Fields[UserUID]
	return c.From.Present && c.To.Present && (home || uid)
}

// keepCrontab gives a user whose number has changed its own table again: cron runs
// none that belongs to another number.
func (c *UserChange) keepCrontab(ctx context.Context, m *Machine) error {
	if _, ok := c.To.Fields[UserUID]; !ok || !c.From.Present {
		return nil
	}
	table, err := m.crontab(c.Name)
	if err == nil && table != nil {
		err = (&CrontabChange{User: c.Name, To: table}).install(ctx)
	}
	if err != nil {
		return fmt.Errorf("its crontab still belongs to its old number: %w", err)
	}
	return nil
}
