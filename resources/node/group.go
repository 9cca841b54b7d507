package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A GroupChange is a change of one group. Like a UserChange, it says only what
// it changes.
type GroupChange struct {
	Name string      `json:"name"`
	From GroupRecord `json:"from"`
	To   GroupRecord `json:"to"`
}

// A GroupRecord is one side of a GroupChange.
type GroupRecord struct {
	Present bool `json:"present"`
	// GID is its number, where the change concerns it; "" for any free one.
	GID string `json:"gid,omitempty"`
	// Members are those who are in a group that goes.
	Members []string `json:"members,omitempty"`
	// System takes the number of a new group from the range for the system's own.
	System bool `json:"system,omitempty"`
}

// String tells the record in a few words.
func (r GroupRecord) String() string {
	if !r.Present {
		return "absent"
	}
	words := []string{"present"}
	if r.GID != "" {
		words[0] = "gid " + r.GID
	}
	if len(r.Members) > 0 {
		words = append(words, "members "+strings.Join(r.Members, " and "))
	}
	return strings.Join(words, ", ")
}

// number is the record's gid, -1 when it has none yet.
func (r GroupRecord) number() int {
	if id, ok := parseID(r.GID); ok {
		return id
	}
	return -1
}

// Subject is part of Change.
func (c *GroupChange) Subject() Subject { return Subject{OfGroup, c.Name} }

// Diff is part of Change. The line says it all.
func (c *GroupChange) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (c *GroupChange) Inverse() Change {
	return &GroupChange{Name: c.Name, From: c.To, To: c.From}
}

// Line is part of Change.
func (c *GroupChange) Line() string {
	switch {
	case !c.To.Present:
		return "remove group " + c.Name
	case c.From.Present:
		return fmt.Sprintf("change group %s: gid %s -> %s", c.Name, c.From.GID, c.To.GID)
	}
	line := "create group " + c.Name
	if c.To.System {
		line = "create system group " + c.Name
	}
	if c.To.GID != "" {
		line += " (gid " + c.To.GID + ")"
	}
	return line
}

// seen is what there is now of what a side of the change tells.
func (c *GroupChange) seen(side GroupRecord, db people) GroupRecord {
	g, ok := db.Group(c.Name)
	now := GroupRecord{Present: ok}
	if ok && side.GID != "" {
		now.GID = fmt.Sprint(g.GID)
	}
	if len(side.Members) > 0 {
		now.Members = g.Members
	}
	return now
}

func (c *GroupChange) lay(f *Future) {
	if !c.To.Present {
		f.groups[c.Name] = nil
		return
	}
	g, _ := f.Group(c.Name)
	g.Name = c.Name
	if c.To.GID != "" || !c.From.Present {
		g.GID = c.To.number()
	}
	if !c.From.Present {
		g.Members = c.To.Members
	}
	f.groups[c.Name] = &g
	if !c.From.Present {
		return
	}
	for _, u := range Users(f) {
		if u.Group == c.Name {
			u.GID = g.GID
			f.users[u.Name] = &u
		}
	}
}

// layMember puts a user into a group of the future, or takes it out.
func (f *Future) layMember(group, user string, in bool) {
	g, ok := f.Group(group)
	if !ok {
		return
	}
	g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(name string) bool { return name == user })
	if in {
		g.Members = append(g.Members, user)
	}
	f.groups[group] = &g
}

func (c *GroupChange) perform(ctx context.Context, m *Machine) error {
	now := c.seen(c.From, readUserDB(m))
	if now.String() != c.From.String() {
		return &MovedError{Subject: c.Subject(), Saw: c.From.String(), Found: now.String()}
	}
	if m.offline {
		return editAccounts(ctx, m, c.edit)
	}
	return c.run(ctx)
}

// run changes the group through the programs of groupadd(8), groupmod(8),
// groupdel(8) and gpasswd(1).
func (c *GroupChange) run(ctx context.Context) error {
	switch {
	case !c.To.Present:
		return program(ctx, "groupdel", c.Name)
	case c.From.Present:
		return program(ctx, "groupmod", "-g", c.To.GID, c.Name)
	}
	argv := []string{"groupadd"}
	if c.To.System {
		argv = append(argv, "-r")
	}
	if c.To.GID != "" {
		argv = append(argv, "-g", c.To.GID)
	}
	if err := program(ctx, append(argv, c.Name)...); err != nil || len(c.To.Members) == 0 {
		return err
	}
	return program(ctx, "gpasswd", "-M", strings.Join(c.To.Members, ","), c.Name)
}
