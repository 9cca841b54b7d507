package node

import (
	"errors"
	"fmt"
	"strconv"
)

// This file changes the users and groups of a machine that does not run: lines
// in its own files. It leaves them as Debian's programs would.

func (c *UserChange) edit(a *accounts) error {
	if !c.To.Present {
		a.dropUser(c.Name)
		if c.From.OwnGroup != nil {
			a.dropGroup(c.Name)
		}
		return nil
	}
	if own := c.To.OwnGroup; own != nil {
		gid := own.GID
		if gid == "" {
			gid = c.freeNumber(a)
		}
		if err := a.addGroup(c.Name, gid); err != nil {
			return err
		}
	}
	row := a.passwd.get(c.Name)
	switch {
	case row == nil && c.From.Present: // root, whom a tree need not name
		row = []string{"root", "*", "0", "0", "", "/root", "/bin/sh"}
	case row == nil:
		row = c.newRow(a)
	}
	if err := c.fill(row, a); err != nil {
		return err
	}
	a.passwd.put(row...)
	var errs []error
	for _, g := range c.To.Groups {
		errs = append(errs, a.setMember(g, c.Name, true))
	}
	for _, g := range c.From.Groups {
		errs = append(errs, a.setMember(g, c.Name, false))
	}
	return errors.Join(errs...)
}

// freeNumber is the number of the user's own group: that of the user, if it is
// free.
func (c *UserChange) freeNumber(a *accounts) string {
	uid, declared := c.To.Fields[UserUID]
	if id, _ := parseID(uid); declared && !a.group.used()[id] {
		return uid
	}
	return freeID(c.To.System, &a.passwd, &a.group)
}

// newRow begins the line of a new user, and adds the one in shadow.
func (c *UserChange) newRow(a *accounts) []string {
	password := "*"
	if a.shadow.there {
		password = "x"
		a.shadow.put(c.shadowRow(a.today)...)
	}
	uid := freeID(c.To.System, &a.passwd)
	if g := a.group.get(c.Name); g != nil && c.To.OwnGroup != nil {
		if id, _ := parseID(g[2]); !a.passwd.used()[id] {
			uid = g[2]
		}
	}
	return []string{c.Name, password, uid, "", "", "/home/" + c.Name, "/bin/sh"}
}

// shadowRow is the line in shadow(5) of a new user: locked, and with the limits
// that Debian gives to people, not to the system's own.
func (c *UserChange) shadowRow(today int) []string {
	if row, ok := record(bytesOf(c.To.Shadow), shadowColumns); ok {
		return row
	}
	if c.To.System {
		return []string{c.Name, "!", strconv.Itoa(today), "", "", "", "", "", ""}
	}
	return []string{c.Name, "!", strconv.Itoa(today), "0", "99999", "7", "", "", ""}
}

// fill puts the fields of the change into a line of passwd(5).
func (c *UserChange) fill(row []string, a *accounts) error {
	group := c.To.Fields[UserGroup]
	if c.To.OwnGroup != nil {
		group = c.Name
	}
	for f, value := range c.To.Fields {
		switch f {
		case UserUID:
			if id, _ := parseID(value); row[2] != value && a.passwd.used()[id] {
				return fmt.Errorf("uid %s is taken", value)
			}
			row[2] = value
		case UserComment:
			row[4] = value
		case UserHome:
			row[5] = value
		case UserShell:
			row[6] = value
		}
	}
	if group == "" {
		return nil
	}
	g := a.group.get(group)
	if g == nil {
		return fmt.Errorf("no group %q", group)
	}
	row[3] = g[2]
	return nil
}

func (c *GroupChange) edit(a *accounts) error {
	switch {
	case !c.To.Present:
		a.dropGroup(c.Name)
		return nil
	case !c.From.Present:
		gid := c.To.GID
		if gid == "" {
			gid = freeID(c.To.System, &a.group)
		}
		if err := a.addGroup(c.Name, gid); err != nil {
			return err
		}
		for _, user := range c.To.Members {
			if err := a.setMember(c.Name, user, true); err != nil {
				return err
			}
		}
		return nil
	}
	return a.renumber(c.Name, c.To.GID)
}
