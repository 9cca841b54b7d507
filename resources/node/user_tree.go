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
	if err := c.addOwnGroup(a); err != nil {
		return err
	}
	row, err := c.row(a)
	if err != nil {
		return err
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

func (c *UserChange) addOwnGroup(a *accounts) (err error) {
	own := c.To.OwnGroup
	if own == nil {
		return nil
	}
	gid := own.GID
	if gid == "" {
		if gid, err = c.freeNumber(a); err != nil {
			return err
		}
	}
	return a.addGroup(c.Name, gid)
}

// row is the user's line as it is, or the beginning of a new one.
func (c *UserChange) row(a *accounts) ([]string, error) {
	row := a.passwd.get(c.Name)
	switch {
	case row != nil:
		return row, nil
	case c.From.Present: // root, whom a tree need not name
		return []string{"root", "*", "0", "0", "", "/root", "/bin/sh"}, nil
	}
	return c.newRow(a)
}

// freeNumber is the number of the user's own group: that of the user, if it is
// free.
func (c *UserChange) freeNumber(a *accounts) (string, error) {
	uid, declared := c.To.Fields[UserUID]
	if id, _ := parseID(uid); declared && !a.group.used()[id] {
		return uid, nil
	}
	return freeID(c.To.System, &a.passwd, &a.group)
}

// newRow begins the line of a new user, and adds the one in shadow.
func (c *UserChange) newRow(a *accounts) ([]string, error) {
	password := "*"
	if a.shadow.there {
		password = "x"
		a.shadow.put(c.shadowRow(a.today)...)
	}
	uid, err := c.newNumber(a)
	return []string{c.Name, password, uid, "", "", "/home/" + c.Name, "/bin/sh"}, err
}

// newNumber is the number of a new user: that of its own group, if it is free.
// One that is declared is filled in later.
func (c *UserChange) newNumber(a *accounts) (string, error) {
	if _, declared := c.To.Fields[UserUID]; declared {
		return "", nil
	}
	if g := a.group.get(c.Name); g != nil && c.To.OwnGroup != nil {
		if id, _ := parseID(g[2]); !a.passwd.used()[id] {
			return g[2], nil
		}
	}
	return freeID(c.To.System, &a.passwd)
}

// shadowRow is the line in shadow(5) of a new user: locked, and with the limits
// that Debian gives to people, not to the system's own.
func (c *UserChange) shadowRow(today int) []string {
	if row, ok := shadowColumns.record(bytesOf(c.To.Shadow)); ok {
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
		if err := c.add(a); err != nil {
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

func (c *GroupChange) add(a *accounts) (err error) {
	gid := c.To.GID
	if gid == "" {
		if gid, err = freeID(c.To.System, &a.group); err != nil {
			return err
		}
	}
	return a.addGroup(c.Name, gid)
}
