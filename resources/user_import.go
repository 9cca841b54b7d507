package resources

import (
	"fmt"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// Import is part of Importer.
func (u *User) Import(v node.View) (notes []string, err error) {
	now, ok := v.User(string(u.Name))
	if !ok {
		return nil, fmt.Errorf("there is no user %q", u.Name)
	}
	if others := sharers(v, now); len(others) > 0 {
		notes = append(notes, fmt.Sprintf("its uid is not declared: %d is that of %s as well", now.UID, strings.Join(others, ", ")))
	} else {
		u.UID = &now.UID
	}
	switch {
	case !isText(now.Comment):
		notes = append(notes, "its comment is not declared: it is no text")
	case now.Comment != "":
		u.Comment = &now.Comment
	}
	for _, text := range now.Groups {
		var name GroupName
		if notes = append(notes, taken(&name, "a group that it is in", text)...); name != "" {
			u.Groups = append(u.Groups, name)
		}
	}
	notes = slices.Concat(notes, taken(&u.Group, "its primary group", now.Group), taken(&u.Shell, "its shell", now.Shell))
	if at, state, ok := blocked(v, now, now.Home); ok {
		return append(notes, fmt.Sprintf("its home %s is not declared: %s", now.Home, barred(now, at, state))), nil
	}
	return append(notes, taken(&u.Home, "its home", now.Home)...), nil
}

// sharers is the other users that have the number of one.
func sharers(v node.View, u node.User) (names []string) {
	for _, other := range node.Users(v) {
		if other.UID == u.UID && other.Name != u.Name {
			names = append(names, other.Name)
		}
	}
	return names
}
