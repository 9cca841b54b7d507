package node

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/linear"
)

// newcomer is a user who is in none of the texts, with a group of the same name.
const newcomer = "new-comer"

// accountsOf is four tables with these texts.
func accountsOf(passwd, group, shadow, gshadow string) *accounts {
	return &accounts{
		passwd: newTable([]byte(passwd), true, passwdColumns), group: newTable([]byte(group), true, groupColumns),
		shadow: newTable([]byte(shadow), true, shadowColumns), gshadow: newTable([]byte(gshadow), true, gshadowColumns),
		today: 20000,
	}
}

func (a *accounts) tables() []*table { return []*table{&a.passwd, &a.group, &a.shadow, &a.gshadow} }

func (a *accounts) text() string {
	var texts []string
	for _, t := range a.tables() {
		texts = append(texts, string(t.text()))
	}
	return strings.Join(texts, "\n== ")
}

func (a *accounts) db() *userDB { return newUserDB(a.passwd.text(), a.group.text()) }

// coming is a change that makes the newcomer, who joins some groups.
func coming(groups ...string) *UserChange {
	return &UserChange{Name: newcomer, To: UserRecord{
		Present: true, Fields: fields{UserUID: "424242", UserHome: "/new"}, Groups: groups, OwnGroup: &GroupRecord{Present: true, GID: "424243"},
	}}
}

// Whatever is in the four files, an edit concerns its own records alone: a user
// who comes and goes again leaves every line as it was, byte for byte, and in
// between everybody else is who they were.
func FuzzAccounts(f *testing.F) {
	f.Add(passwdText, groupText, debian["etc/shadow"], debian["etc/gshadow"])
	f.Add("a:x:1:01::/:\r\n\xff\n\n:::", "a:x:1:b,,b\r\nb:x:01:\n-\n", "a:!::::::\n+", "a:!:a,b:b")
	f.Add("", "x:::\nx::2:", "", "") // the first is no group to anybody
	f.Add("x:x:1:1:::", "x:x:1:new,x\nx:x:2:y", "\x00", "x:!:x:x\ny:!::x\n")
	f.Fuzz(func(t *testing.T, passwd, group, shadow, gshadow string) {
		if strings.Contains(passwd+group+shadow+gshadow, newcomer) {
			t.Skip()
		}
		a := accountsOf(passwd, group, shadow, gshadow)
		before, db := a.text(), a.db()
		comes := coming()
		if err := comes.edit(a); err != nil {
			if !strings.HasSuffix(err.Error(), "is taken") || a.text() != before {
				t.Fatalf("%v, and the files are\n%s", err, a.text())
			}
			return
		}
		sameBut(t, db, a.db(), newcomer)
		with := a.text()
		for name := range db.groups {
			if a.group.find(name) >= 0 {
				joinAndLeave(t, a, name)
			}
		}
		if err := comes.Inverse().(*UserChange).edit(a); err != nil {
			t.Fatal(err)
		}
		left := accountsOf(passwd, group, shadow, gshadow)
		for i, now := range a.tables() {
			if was := left.tables()[i]; !sameLines(was, now) {
				t.Fatalf("%q\nbecame %q\nafter\n%s", was.text(), now.text(), with)
			}
		}
	})
}

// joinAndLeave puts the newcomer into a group and takes it out again. A second
// time of either changes nothing.
func joinAndLeave(t *testing.T, a *accounts, group string) {
	t.Helper()
	members := a.db().groups[group].Members
	for _, in := range []bool{true, true, false, false} {
		before := a.text()
		is := slices.Contains(a.db().groups[group].Members, newcomer)
		if err := a.setMember(group, newcomer, in); err != nil {
			t.Fatal(err)
		}
		if is == in && a.text() != before {
			t.Fatalf("%s: %s\nbecame\n%s", group, before, a.text())
		}
		want := members
		if in {
			want = append(slices.Clone(members), newcomer)
		}
		if got := a.db().groups[group].Members; !slices.Equal(got, want) {
			t.Fatalf("the members of %s are %q, want %q", group, got, want)
		}
	}
}

// sameBut holds that two databases differ in one name alone.
func sameBut(t *testing.T, before, after *userDB, name string) {
	t.Helper()
	if after.users[name] == nil || after.groups[name] == nil {
		t.Fatalf("%s is not found", name)
	}
	after.users, after.groups = maps.Clone(after.users), maps.Clone(after.groups)
	delete(after.users, name)
	delete(after.groups, name)
	if !reflect.DeepEqual(before.users, after.users) || !reflect.DeepEqual(before.groups, after.groups) {
		t.Fatalf("others have changed:\n%v\n%v", before.users, after.users)
	}
}

// sameLines says whether two tables have the same lines, but for the newline of
// the last one and lists of members, in which names that are empty may be gone.
func sameLines(a, b *table) bool {
	return slices.EqualFunc(a.lines, b.lines, func(x, y string) bool {
		f, ok := a.columns.record([]byte(x))
		g, _ := b.columns.record([]byte(y))
		if ok && len(f) == len(g) && len(f) == groupColumns.count {
			f[3], g[3] = strings.Join(splitNames(f[3]), ","), strings.Join(splitNames(g[3]), ",")
			return slices.Equal(f, g)
		}
		return strings.TrimSuffix(x, "\n") == strings.TrimSuffix(y, "\n")
	})
}

// A user who goes is nowhere any more, and a group gets another number with all
// whose primary group it is.
func FuzzAccountsLeave(f *testing.F) {
	f.Add("git:x:1:33::/:\nweb:x:2:033::/:\nx:x:3:4::/:\n", "www-data:x:33:a,git\nwww-data:x:33:git\n", "www-data:!:git:git,a\n", "git", "www-data")
	f.Add(passwdText, groupText, groupText, "git", "git")
	f.Fuzz(func(t *testing.T, passwd, group, gshadow, user, name string) {
		a := accountsOf(passwd, group, "", gshadow)
		old := a.group.get(name)
		if err := a.renumber(name, "424242"); err == nil {
			renumbered(t, accountsOf(passwd, group, "", gshadow), a, old[2])
		}
		a.dropUser(user)
		for i, t2 := range a.tables() {
			for _, line := range t2.lines {
				row, ok := t2.columns.record([]byte(line))
				if ok && (i%2 == 0 && row[0] == user || i == 3 && contains(row[2], user) || i%2 == 1 && contains(row[3], user)) {
					t.Fatalf("%q is left", line)
				}
			}
		}
	})
}

func contains(list, name string) bool { return slices.Contains(splitNames(list), name) }

func renumbered(t *testing.T, before, after *accounts, gid string) {
	t.Helper()
	old, _ := parseID(gid)
	for i := range before.passwd.lines {
		was, ok := before.passwd.row(i)
		is, _ := after.passwd.row(i)
		if !ok {
			continue
		}
		if id, _ := parseID(was[3]); id == old {
			was[3] = "424242"
		}
		if !slices.Equal(was, is) {
			t.Fatalf("%q, want %q", is, was)
		}
	}
}

// Whatever else is in a file, a record that is put and dropped again leaves all
// other lines as they were, and is found as long as it is there.
func FuzzTable(f *testing.F) {
	for which := range uint8(4) {
		f.Add([]byte(passwdText), which)
		f.Add([]byte(groupText), which)
		f.Add([]byte("a:x:1:1::/:\r\n\xff\n\n:::\n+"), which)
	}
	f.Fuzz(func(t *testing.T, text []byte, which uint8) {
		if bytes.Contains(text, []byte(newcomer)) {
			t.Skip()
		}
		columns := []columns{passwdColumns, groupColumns, shadowColumns, gshadowColumns}[which%4]
		row := slices.Repeat([]string{"1"}, columns.count)
		row[0] = newcomer
		table := newTable(text, true, columns)
		for range 2 {
			table.put(row...)
			if got := table.get(newcomer); !slices.Equal(got, row) {
				t.Fatalf("%q is in %q", got, table.text())
			}
		}
		if read := newTable(table.text(), true, columns); !slices.Equal(read.get(newcomer), row) {
			t.Fatalf("not found in %q", table.text())
		}
		table.drop(newcomer)
		if got := table.text(); !bytes.Equal(got, text) && !bytes.Equal(got, append(bytes.Clone(text), '\n')) {
			t.Fatalf("foreign bytes changed: %q became %q", text, got)
		}
	})
}

// Users and groups are taken apart and edited in time that does not grow with
// their square.
func FuzzAccountsLong(f *testing.F) {
	f.Add("", "git:x:1:1::/:\n", "")
	f.Add("", "a:x:1:git\n", "+")
	f.Add("", "a:!:git:git\n", "")
	f.Add("a:x:1:", "git,", "\n")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			a := accountsOf(text, text, text, text)
			_ = coming("git").edit(a)
			a.dropUser("git")
			a.dropGroup("a")
			_ = a.renumber("b", "424244")
			a.db()
		})
	})
}
