package resources

import (
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/sudoers"
)

// This file is whom something is granted.

// A grantee is a user whom something is granted, or one who stands for any user
// or any member of a group.
type grantee struct {
	node.User
	as string // in sudoers(5): a name, %group or ALL
}

const everybody = "ALL"

func (g grantee) many() bool { return g.as == everybody || strings.HasPrefix(g.as, "%") }

// covers says whether one who stands for many stands for a user as well.
func (g grantee) covers(user grantee) bool {
	return g.as == everybody || g.as == user.as || slices.Contains(groupsOf(user.User), strings.TrimPrefix(g.as, "%"))
}

// grantees is who has a grant, root left out: first those who stand for others,
// last those whom passwd(5) does not name yet.
func (l *lint) grantees(g sudoers.Grant) []grantee {
	var list, strangers []grantee
	for i := range l.Items(g.Users, sudoers.UserAlias) {
		nobody := node.User{UID: -1}
		switch i.Kind {
		case sudoers.Any:
			list = append(list, grantee{nobody, everybody})
		case sudoers.Group:
			nobody.Group = i.Text
			list = append(list, grantee{nobody, "%" + i.Text})
		case sudoers.Name:
			known := slices.ContainsFunc(l.users, func(u node.User) bool { return l.names(u, i) })
			if planned, ok := l.v.User(i.Text); ok {
				nobody = planned
			}
			if nobody.Name = i.Text; !known && l.grants(g, nobody) {
				strangers = append(strangers, grantee{nobody, i.Text})
			}
		}
	}
	for _, user := range l.users {
		if user.UID != 0 && l.grants(g, user) {
			list = append(list, grantee{user, user.Name})
		}
	}
	return append(list, strangers...)
}

// everyUser is the users of passwd(5), and those that a list names: they may be
// only planned.
func (l *lint) everyUser(list sudoers.List, kind string) []node.User {
	users := slices.Clone(l.users)
	for i := range l.Items(list, kind) {
		user, ok := l.v.User(i.Text)
		if ok && i.Kind == sudoers.Name && !slices.ContainsFunc(users, func(u node.User) bool { return u.Name == user.Name }) {
			users = append(users, user)
		}
	}
	return users
}
