package resources

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// possible says what a change would need and is not there.
func (u *User) possible(v node.View) error {
	var errs []error
	if u.UID != nil {
		for _, other := range node.Users(v) {
			if other.UID == *u.UID && other.Name != string(u.Name) {
				errs = append(errs, fmt.Errorf("uid: %d belongs to user %s", *u.UID, other.Name))
			}
		}
	}
	groups := slices.Clone(u.Groups)
	if u.Group != "" {
		groups = append(groups, u.Group)
	}
	for _, g := range groups {
		if _, ok := v.Group(string(g)); !ok {
			errs = append(errs, fmt.Errorf("no group %q: declare it under groups", g))
		}
	}
	return errors.Join(errs...)
}

// declared is the fields of the declaration as a record has them.
func (u *User) declared() map[node.UserField]string {
	fields := map[node.UserField]string{}
	if u.UID != nil {
		fields[node.UserUID] = strconv.Itoa(*u.UID)
	}
	if u.Group != "" {
		fields[node.UserGroup] = string(u.Group)
	}
	if u.Home != "" {
		fields[node.UserHome] = string(u.Home)
	}
	if u.Shell != "" {
		fields[node.UserShell] = string(u.Shell)
	}
	if u.Comment != nil {
		fields[node.UserComment] = *u.Comment
	}
	return fields
}

func (u *User) create(v node.View) node.Plan {
	name := string(u.Name)
	to := node.UserRecord{Present: true, Fields: u.declared(), Groups: u.groups(), System: u.System}
	if _, there := v.Group(name); u.Group == "" && there {
		to.Fields[node.UserGroup] = name
	} else if u.Group == "" {
		to.OwnGroup = &node.GroupRecord{Present: true}
	}
	if u.Home == "" {
		to.Fields[node.UserHome] = newUserDefault(v, "HOME", "/home") + "/" + name
	}
	if u.Shell == "" {
		to.Fields[node.UserShell] = newUserDefault(v, "SHELL", "/bin/sh")
	}
	return node.Plan{Changes: []node.Change{&node.UserChange{Name: name, To: to}}}
}

// newUserDefault is a setting of /etc/default/useradd (useradd(8)).
func newUserDefault(v node.View, key, otherwise string) string {
	text, _ := v.ReadFile("/etc/default/useradd")
	for line := range bytes.Lines(text) {
		if value, ok := strings.CutPrefix(string(line), key+"="); ok && strings.HasPrefix(value, "/") {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}

// groups is the names of the declared supplementary groups, sorted, each once.
func (u *User) groups() []string {
	var names []string
	for _, g := range u.Groups {
		names = append(names, string(g))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (u *User) alter(v node.View, now node.User) node.Plan {
	from := node.UserRecord{Present: true, Fields: map[node.UserField]string{}}
	to := node.UserRecord{Present: true, Fields: u.declared()}
	for f, want := range u.declared() {
		if is := now.Field(f); is != want {
			from.Fields[f] = is
		} else {
			delete(to.Fields, f)
		}
	}
	to.Groups = without(u.groups(), now.Groups)
	if u.Exclusive {
		from.Groups = without(now.Groups, u.groups())
	}
	if len(to.Fields)+len(to.Groups)+len(from.Groups) == 0 {
		return node.Plan{Notes: u.notes(v, now)}
	}
	plan := node.Plan{Changes: []node.Change{&node.UserChange{Name: string(u.Name), From: from, To: to}}}
	if uid, ok := from.Fields[node.UserUID]; ok {
		plan.Notes = append(plan.Notes, fmt.Sprintf("files of uid %s outside the home keep that number", uid))
	}
	return plan
}

// without is the names of a list that are not in the other.
func without(names, other []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(other, name) })
}

// notes is what the reader should know of a user that is as declared.
func (u *User) notes(v node.View, now node.User) []string {
	if u.Home == "" {
		return nil
	}
	if state, err := v.Lstat(now.Home); err == nil && state.Kind == node.Absent {
		return []string{fmt.Sprintf("its home %s does not exist yet", now.Home)}
	}
	return nil
}

// remove holds all that is lost, so that the way back restores it.
func (u *User) remove(v node.View, now node.User) node.Plan {
	from := node.Whole(v, now, goesWith(v, now))
	plan := node.Plan{Changes: []node.Change{&node.UserChange{Name: now.Name, From: from}}}
	if state, err := v.Lstat(now.Home); err == nil && state.Kind == node.Directory {
		plan.Notes = append(plan.Notes, fmt.Sprintf("its home %s is kept", now.Home))
	}
	if _, ok, _ := v.Crontab(now.Name); ok {
		plan.Notes = append(plan.Notes, "its crontab is kept, and no longer run: declare it absent under crontabs")
	}
	return plan
}

// goesWith says whether a user's primary group is its own and nobody else's, so
// that userdel(8) removes it with the user.
func goesWith(v node.View, u node.User) bool {
	g, ok := v.Group(u.Name)
	if !ok || u.Group != u.Name || len(without(g.Members, []string{u.Name})) > 0 {
		return false
	}
	return !slices.ContainsFunc(node.Users(v), func(other node.User) bool {
		return other.Name != u.Name && other.Group == u.Name
	})
}
