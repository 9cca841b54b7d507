package node

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// The files of the user database: passwd(5), group(5), shadow(5), gshadow(5).
const (
	passwdFile  = "/etc/passwd"
	groupFile   = "/etc/group"
	shadowFile  = "/etc/shadow"
	gshadowFile = "/etc/gshadow"
)

// A userDB is the users and groups of a machine, as its own files name them: a
// tree has no other source, and on a server none is asked for. Lines that are
// not of the format, comments and those of NIS among them, are passed over.
// Where a name or a number stands twice, the first line counts, as in
// getpwnam(3). Root is there even where no file says so.
type userDB struct {
	users      map[string]*User
	groups     map[string]*Group
	userNames  map[uint32]string
	groupNames map[uint32]string
}

// readUserDB reads the user database as it is now. A file that is missing is
// an empty one.
func readUserDB(m *Machine) *userDB {
	passwd, _ := m.readFile(passwdFile)
	group, _ := m.readFile(groupFile)
	return newUserDB(passwd, group)
}

func (m *Machine) readFile(path string) ([]byte, error) { return (&Live{m: m}).ReadFile(path) }

func newUserDB(passwd, group []byte) *userDB {
	db := &userDB{map[string]*User{}, map[string]*Group{}, map[uint32]string{}, map[uint32]string{}}
	for g := range parseGroup(group) {
		db.addGroup(g)
	}
	db.addGroup(&Group{Name: "root"})
	for u := range parsePasswd(passwd) {
		db.addUser(u)
	}
	db.addUser(&User{Name: "root", Home: "/root", Shell: "/bin/sh"})
	for _, g := range db.groups {
		for _, member := range g.Members {
			if u := db.users[member]; u != nil {
				u.Groups = append(u.Groups, g.Name)
			}
		}
	}
	for _, u := range db.users {
		slices.Sort(u.Groups)
		u.Groups = slices.Compact(u.Groups)
	}
	return db
}

func (db *userDB) addGroup(g *Group) {
	if db.groups[g.Name] == nil {
		db.groups[g.Name] = g
		setOnce(db.groupNames, uint32(g.GID), g.Name)
	}
}

func (db *userDB) addUser(u *User) {
	if db.users[u.Name] == nil {
		u.Group = db.groupName(uint32(u.GID))
		db.users[u.Name] = u
		setOnce(db.userNames, uint32(u.UID), u.Name)
	}
}

func setOnce(names map[uint32]string, id uint32, name string) {
	if _, ok := names[id]; !ok {
		names[id] = name
	}
}

// userName is the name of a user, or its number as text where it has none.
func (db *userDB) userName(uid uint32) string { return nameOr(db.userNames, uid) }

// groupName is the name of a group, or its number as text where it has none.
func (db *userDB) groupName(gid uint32) string { return nameOr(db.groupNames, gid) }

func nameOr(names map[uint32]string, id uint32) string {
	if name, ok := names[id]; ok {
		return name
	}
	return strconv.FormatUint(uint64(id), 10)
}

func (db *userDB) User(name string) (User, bool) {
	u, ok := db.users[name]
	if !ok {
		return User{}, false
	}
	return *u, true
}

func (db *userDB) Group(name string) (Group, bool) {
	g, ok := db.groups[name]
	if !ok {
		return Group{}, false
	}
	return *g, true
}

// parsePasswd yields the users of a text in the format of passwd(5).
func parsePasswd(text []byte) iter.Seq[*User] {
	return func(yield func(*User) bool) {
		for line := range bytes.Lines(text) {
			f, ok := passwdColumns.record(line)
			if !ok {
				continue
			}
			uid, _ := parseID(f[2])
			gid, _ := parseID(f[3])
			if !yield(&User{Name: f[0], UID: uid, GID: gid, Comment: f[4], Home: f[5], Shell: f[6]}) {
				return
			}
		}
	}
}

// parseGroup yields the groups of a text in the format of group(5).
func parseGroup(text []byte) iter.Seq[*Group] {
	return func(yield func(*Group) bool) {
		for line := range bytes.Lines(text) {
			f, ok := groupColumns.record(line)
			if !ok {
				continue
			}
			gid, _ := parseID(f[2])
			if !yield(&Group{Name: f[0], GID: gid, Members: splitNames(f[3])}) {
				return
			}
		}
	}
}

// Users is the users that passwd(5) names, as they are in a view.
func Users(v View) []User {
	text, _ := v.ReadFile(passwdFile)
	var users []User
	for u := range parsePasswd(text) {
		if now, ok := v.User(u.Name); ok {
			users = append(users, now)
		}
	}
	return users
}

// Groups is the groups that group(5) names, as they are in a view.
func Groups(v View) []Group {
	text, _ := v.ReadFile(groupFile)
	var groups []Group
	for g := range parseGroup(text) {
		if now, ok := v.Group(g.Name); ok {
			groups = append(groups, now)
		}
	}
	return groups
}

func parseID(s string) (id int, ok bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil
}

// splitNames is the names of a list with commas.
func splitNames(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(name string) bool { return name == "" })
}

// uid looks up the number of a user. A name wins over a number.
func (db *userDB) uid(name string) (int, error) {
	if u, ok := db.users[name]; ok {
		return u.UID, nil
	}
	return numbered("user", name)
}

// gid looks up the number of a group. A name wins over a number.
func (db *userDB) gid(name string) (int, error) {
	if g, ok := db.groups[name]; ok {
		return g.GID, nil
	}
	return numbered("group", name)
}

func numbered(what, name string) (int, error) {
	if id, ok := parseID(name); ok {
		return id, nil
	}
	if name == "root" {
		return 0, nil
	}
	return 0, fmt.Errorf("no %s %q", what, name)
}
