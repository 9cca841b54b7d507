package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// The accounts of a tree are its four tables. Those for passwords are kept only
// where the tree has them.
type accounts struct {
	passwd, group, shadow, gshadow table
	today                          int // in days since 1970, for shadow(5)
}

// editAccounts rewrites those of a tree's files that an edit changes, with the
// owners and modes that they have. Those that say who is there come last: a run that
// is killed in between leaves nobody half made.
func editAccounts(ctx context.Context, m *Machine, edit func(*accounts) error) error {
	a := accounts{today: int(m.View().now.Unix() / (24 * 60 * 60))}
	files := []struct {
		path    string
		columns columns
		table   *table
	}{
		{gshadowFile, gshadowColumns, &a.gshadow},
		{shadowFile, shadowColumns, &a.shadow},
		{groupFile, groupColumns, &a.group},
		{passwdFile, passwdColumns, &a.passwd},
	}
	for _, f := range files {
		text, err := m.readFile(f.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		*f.table = newTable(text, err == nil, f.columns)
	}
	if err := edit(&a); err != nil {
		return err
	}
	a.passwd.there, a.group.there = true, true
	for _, f := range files {
		if !f.table.there {
			continue
		}
		want := Want{Kind: File, Mode: ModeUnset, Content: NewContent(f.table.text())}
		if err := m.converge(ctx, f.path, want); err != nil {
			return err
		}
	}
	return nil
}

// converge brings about at once what should lie at a path.
func (m *Machine) converge(ctx context.Context, at string, want Want) error {
	changes, err := Converge(m.View(), at, want)
	for _, c := range changes {
		if err == nil {
			err = c.perform(ctx, m)
		}
	}
	return err
}

func (a *accounts) addGroup(name, gid string) error {
	if id, _ := parseID(gid); a.group.used()[id] {
		return fmt.Errorf("gid %s is taken", gid)
	}
	password := "*"
	if a.gshadow.there {
		password = "x"
		a.gshadow.put(name, "!", "", "")
	}
	a.group.put(name, password, gid, "")
	return nil
}

// renumber gives a group another number, and with it the users whose primary
// group it is.
func (a *accounts) renumber(name, gid string) error {
	row := a.group.get(name)
	if row == nil {
		return fmt.Errorf("no group %q", name)
	}
	if id, _ := parseID(gid); a.group.used()[id] {
		return fmt.Errorf("gid %s is taken", gid)
	}
	old, _ := parseID(row[2])
	a.passwd.each(func(user []string) bool {
		id, _ := parseID(user[3])
		if id == old {
			user[3] = gid
		}
		return id == old
	})
	row[2] = gid
	a.group.put(row...)
	return nil
}

func (a *accounts) dropUser(name string) {
	a.passwd.drop(name)
	a.shadow.drop(name)
	const administrators, members = 2, 3
	a.group.each(strike(name, members))
	a.gshadow.each(strike(name, administrators, members))
}

// strike takes a name out of lists in a record that names it.
func strike(name string, columns ...int) (edit func(row []string) bool) {
	return func(row []string) (named bool) {
		for _, column := range columns {
			if names := splitNames(row[column]); slices.Contains(names, name) {
				row[column] = strings.Join(without(names, name), ",")
				named = true
			}
		}
		return named
	}
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(names, func(other string) bool { return other == name })
}

func (a *accounts) dropGroup(name string) {
	a.group.drop(name)
	a.gshadow.drop(name)
}

// setMember puts a user into a group, or takes it out.
func (a *accounts) setMember(group, user string, in bool) error {
	if a.group.find(group) < 0 {
		return fmt.Errorf("no group %q", group)
	}
	a.member(group, user, in)
	return nil
}

// member edits the lists of members in both files, where they are not yet right.
func (a *accounts) member(group, user string, in bool) {
	for _, t := range []*table{&a.group, &a.gshadow} {
		row := t.get(group)
		if row == nil || slices.Contains(splitNames(row[3]), user) == in {
			continue
		}
		names := without(splitNames(row[3]), user)
		if in {
			names = append(names, user)
		}
		row[3] = strings.Join(names, ",")
		t.put(row...)
	}
}
