package node

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

const passwdText = `root:x:0:0:root:/root:/bin/bash
toor:x:0:0::/root:/bin/sh
# a comment
git:x:995:986:Git, the tool:/opt/git:/bin/sh
git:x:1:1::/second:/bin/sh
short:x:1:1
minus:x:-1:5::/:/bin/sh
large:x:4294967296:5::/:/bin/sh
stray:x:5000:4999::/home/stray:
+@netgroup::::::
-bad:x:7:7::/:/bin/sh
+::::::`

const groupText = `root:x:0:
git:x:986:
www-data:x:33:git,nobody,,git
adm:x:4:git,root
also-adm:x:4:
broken:x:seven:
+:::
`

func TestUserDB(t *testing.T) {
	db := newUserDB([]byte(passwdText), []byte(groupText))
	git := User{Name: "git", UID: 995, GID: 986, Group: "git", Comment: "Git, the tool", Home: "/opt/git", Shell: "/bin/sh", Groups: []string{"adm", "www-data"}}
	if got, ok := db.User("git"); !ok || !reflect.DeepEqual(got, git) {
		t.Errorf("user git = %+v, %v; want %+v", got, ok, git)
	}
	for _, name := range []string{"short", "minus", "large", "+@netgroup", "-bad", "# a comment", ""} {
		if u, ok := db.User(name); ok {
			t.Errorf("user %q is taken from a line that is none: %+v", name, u)
		}
	}
	if u, _ := db.User("stray"); u.Group != "4999" {
		t.Errorf("a group without a name is %q, want its number", u.Group)
	}
	if g, ok := db.Group("www-data"); !ok || !slices.Equal(g.Members, []string{"git", "nobody", "git"}) {
		t.Errorf("group www-data = %+v, %v", g, ok)
	}
	names := []string{db.userName(0), db.userName(995), db.userName(1), db.groupName(4), db.groupName(77)}
	if want := []string{"root", "git", "1", "adm", "77"}; !slices.Equal(names, want) {
		t.Errorf("names = %q, want %q", names, want)
	}
}

func TestIDs(t *testing.T) {
	m := tree(t, map[string]string{"etc/passwd": "web:x:1001:5::/:/bin/sh\n1002:x:7:5::/:/bin/sh\n", "etc/group": ""})
	for name, want := range map[string]int{"web": 1001, "1001": 1001, "1002": 7, "root": 0} {
		if got, err := m.userDB().uid(name); err != nil || got != want {
			t.Errorf("uid(%q) = %d, %v; want %d", name, got, err, want)
		}
	}
	if _, err := m.userDB().gid("web"); err == nil || err.Error() != `no group "web"` {
		t.Errorf("gid(web): %v", err)
	}
	put(t, m, "etc/group", "web:x:44:\n")
	if got, err := m.userDB().gid("web"); err != nil || got != 44 {
		t.Errorf("gid(web) after the file changed = %d, %v", got, err)
	}
}

// A tree without any of the files has root, as every system has.
func TestEmptyUserDB(t *testing.T) {
	v := tree(t, nil).View()
	if u, ok := v.User("root"); !ok || u.UID != 0 || u.Group != "root" {
		t.Errorf("root = %+v, %v", u, ok)
	}
	if _, ok := v.User("nobody"); ok {
		t.Error("there is a user nobody")
	}
}

// tree is a machine that is a directory with some files.
func tree(t *testing.T, files map[string]string) *Machine {
	t.Helper()
	m, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	for name, text := range files {
		put(t, m, name, text)
	}
	return m
}

func put(t *testing.T, m *Machine, name, text string) {
	t.Helper()
	at := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// text is what a file of a tree holds, "" when there is none.
func text(t *testing.T, m *Machine, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}
