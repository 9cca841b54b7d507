package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// debian is the user database of a small server.
var debian = map[string]string{
	"etc/passwd": "root:x:0:0:root:/root:/bin/bash\n" +
		"# by hand\n" +
		"makenotwork:x:1000:1000::/opt/makenotwork:/usr/sbin/nologin\n" +
		"git:x:995:986::/opt/git:/bin/sh\n" +
		"+::::::\n",
	"etc/group":   "root:x:0:\nadm:x:4:syslog,git\nwww-data:x:33:\ngit:x:986:\nmakenotwork:x:1000:\n",
	"etc/shadow":  "root:*:20000:0:99999:7:::\nmakenotwork:!:20000:0:99999:7:::\ngit:$6$salt$hash:20000:1:90:7:30:21000:\n",
	"etc/gshadow": "root:*::\nadm:*::syslog,git\nwww-data:*::\ngit:!::\nmakenotwork:!::\n",
}

type fields = map[UserField]string

var userChanges = map[string]struct {
	change Change
	line   string
	want   map[string]string // lines that the four files have afterwards, by file and name
}{
	"modify": {
		&UserChange{Name: "makenotwork",
			From: UserRecord{Present: true, Fields: fields{UserShell: "/usr/sbin/nologin", UserComment: ""}},
			To:   UserRecord{Present: true, Fields: fields{UserShell: "/bin/bash", UserComment: "The site"}, Groups: []string{"www-data"}}},
		`change user makenotwork: shell /usr/sbin/nologin -> /bin/bash, comment "" -> The site, added to www-data`,
		map[string]string{
			"passwd makenotwork": "makenotwork:x:1000:1000:The site:/opt/makenotwork:/bin/bash",
			"group www-data":     "www-data:x:33:makenotwork", "gshadow www-data": "www-data:*::makenotwork",
		},
	},
	"move and leave a group": {
		&UserChange{Name: "git",
			From: UserRecord{Present: true, Fields: fields{UserHome: "/opt/git"}, Groups: []string{"adm"}},
			To:   UserRecord{Present: true, Fields: fields{UserHome: "/var/lib/mnw/git"}}},
		"change user git: home /opt/git -> /var/lib/mnw/git, taken out of adm",
		map[string]string{
			"passwd git": "git:x:995:986::/var/lib/mnw/git:/bin/sh",
			"group adm":  "adm:x:4:syslog", "gshadow adm": "adm:*::syslog",
		},
	},
	"primary group and uid": {
		&UserChange{Name: "git",
			From: UserRecord{Present: true, Fields: fields{UserGroup: "git", UserUID: "995"}},
			To:   UserRecord{Present: true, Fields: fields{UserGroup: "www-data", UserUID: "1234"}}},
		"change user git: uid 995 -> 1234, group git -> www-data",
		map[string]string{"passwd git": "git:x:1234:33::/opt/git:/bin/sh"},
	},
	"create": {
		&UserChange{Name: "deploy", To: UserRecord{Present: true,
			Fields: fields{UserHome: "/home/deploy", UserShell: "/bin/sh"}, Groups: []string{"adm"}, OwnGroup: &GroupRecord{Present: true}}},
		"create user deploy (home /home/deploy, shell /bin/sh, in adm, own group)",
		map[string]string{
			"passwd deploy": "deploy:x:1001:1001::/home/deploy:/bin/sh", "group deploy": "deploy:x:1001:",
			"gshadow deploy": "deploy:!::", "group adm": "adm:x:4:syslog,git,deploy",
		},
	},
	"create for the system": {
		&UserChange{Name: "deploy", To: UserRecord{Present: true, System: true,
			Fields: fields{UserHome: "/", UserShell: "/usr/sbin/nologin", UserGroup: "www-data"}}},
		"create system user deploy (group www-data, home /, shell /usr/sbin/nologin)",
		map[string]string{"passwd deploy": "deploy:x:999:33::/:/usr/sbin/nologin"},
	},
	"remove": {
		&UserChange{Name: "git", From: UserRecord{Present: true,
			Fields: fields{UserUID: "995", UserHome: "/opt/git", UserShell: "/bin/sh", UserComment: ""},
			Groups: []string{"adm"}, OwnGroup: &GroupRecord{Present: true, GID: "986"},
			Shadow: NewContent([]byte("git:$6$salt$hash:20000:1:90:7:30:21000:"))}},
		"remove user git and its own group",
		map[string]string{"passwd git": "", "shadow git": "", "group git": "", "gshadow git": "", "group adm": "adm:x:4:syslog"},
	},
	"new group": {
		&GroupChange{Name: "deploy", To: GroupRecord{Present: true}}, "create group deploy",
		map[string]string{"group deploy": "deploy:x:1001:", "gshadow deploy": "deploy:!::"},
	},
	"new group of the system": {
		&GroupChange{Name: "deploy", To: GroupRecord{Present: true, System: true}}, "create system group deploy",
		map[string]string{"group deploy": "deploy:x:999:"},
	},
	"another gid": {
		&GroupChange{Name: "git", From: GroupRecord{Present: true, GID: "986"}, To: GroupRecord{Present: true, GID: "500"}},
		"change group git: gid 986 -> 500",
		map[string]string{"group git": "git:x:500:", "passwd git": "git:x:995:500::/opt/git:/bin/sh"},
	},
	"group goes": {
		&GroupChange{Name: "adm", From: GroupRecord{Present: true, GID: "4", Members: []string{"syslog", "git"}}}, "remove group adm",
		map[string]string{"group adm": "", "gshadow adm": ""},
	},
}

// Each change on a tree leaves the lines that it should, agrees with what it
// lays over a future, is refused a second time, and has a way back.
func TestUserChanges(t *testing.T) {
	for name, test := range userChanges {
		t.Run(name, func(t *testing.T) {
			m := tree(t, debian)
			if line := test.change.Line(); line != test.line {
				t.Errorf("line = %q, want %q", line, test.line)
			}
			future := m.View().With(test.change)
			before := newUserDB([]byte(debian["etc/passwd"]), []byte(debian["etc/group"]))
			if err := m.Perform(context.Background(), test.change); err != nil {
				t.Fatal(err)
			}
			for of, want := range test.want {
				if got := lineOf(t, m, of); got != want {
					t.Errorf("%s: %q, want %q", of, got, want)
				}
			}
			sameUsers(t, future, m.View())

			var moved *MovedError
			if err := m.Perform(context.Background(), test.change); !errors.As(err, &moved) {
				t.Errorf("performed twice: %v", err)
			}
			if err := m.Perform(context.Background(), test.change.Inverse()); err != nil {
				t.Fatalf("way back: %v", err)
			}
			if after := readUserDB(m); !reflect.DeepEqual(after, before) {
				t.Errorf("after the way back:\n%s%s", text(t, m, "etc/passwd"), text(t, m, "etc/group"))
			}
			if got, want := lineOf(t, m, "shadow git"), "git:$6$salt$hash:20000:1:90:7:30:21000:"; got != want {
				t.Errorf("shadow after the way back: %q", got)
			}
			if got := linesOf(t, m, "etc/passwd"); got[1] != "# by hand\n" || got[len(got)-1] != "+::::::\n" {
				t.Errorf("foreign lines have moved: %q", got)
			}
		})
	}
}

// sameUsers holds a future to what has come true, but for numbers that a plan
// does not know.
func sameUsers(t *testing.T, future, now View) {
	t.Helper()
	for _, name := range []string{"git", "makenotwork", "deploy", "adm", "www-data"} {
		planned, ok := future.User(name)
		real, there := now.User(name)
		if planned.UID < 0 {
			planned.UID, real.UID = 0, 0
		}
		if planned.GID < 0 {
			planned.GID, real.GID = 0, 0
		}
		if ok != there || len(planned.Groups)+len(real.Groups) > 0 && !reflect.DeepEqual(planned.Groups, real.Groups) {
			t.Errorf("user %s: planned %+v, %v; is %+v, %v", name, planned, ok, real, there)
		}
		planned.Groups, real.Groups = nil, nil
		if !reflect.DeepEqual(planned, real) {
			t.Errorf("user %s: planned %+v, is %+v", name, planned, real)
		}
		if _, ok := future.Group(name); ok != has(now, name) {
			t.Errorf("group %s: planned %v", name, ok)
		}
	}
}

func has(v View, group string) bool {
	_, ok := v.Group(group)
	return ok
}

// lineOf is the line of a name in one of the four files: "passwd git".
func lineOf(t *testing.T, m *Machine, of string) string {
	t.Helper()
	file, name, _ := strings.Cut(of, " ")
	for _, line := range linesOf(t, m, "etc/"+file) {
		if strings.HasPrefix(line, name+":") {
			return strings.TrimSuffix(line, "\n")
		}
	}
	return ""
}

func linesOf(t *testing.T, m *Machine, name string) []string {
	t.Helper()
	return newTable([]byte(text(t, m, name)), true, columns{}).lines
}

func TestUserChangeRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change Change
		want   string
	}{
		"uid taken":      {&UserChange{Name: "a", To: UserRecord{Present: true, Fields: fields{UserUID: "995", UserGroup: "git"}}}, "uid 995 is taken"},
		"gid taken":      {&GroupChange{Name: "a", To: GroupRecord{Present: true, GID: "4"}}, "gid 4 is taken"},
		"no group":       {&UserChange{Name: "a", To: UserRecord{Present: true, Fields: fields{UserGroup: "none"}}}, `no group "none"`},
		"no other group": {&UserChange{Name: "a", To: UserRecord{Present: true, Fields: fields{UserGroup: "git"}, Groups: []string{"none"}}}, `no group "none"`},
		"moved": {&UserChange{Name: "git", From: UserRecord{Present: true, Fields: fields{UserHome: "/a"}}, To: UserRecord{Present: true, Fields: fields{UserHome: "/b"}}},
			"git has changed since the plan was made: was home /a, is home /opt/git"},
		"a group in the way": {&UserChange{Name: "adm", To: UserRecord{Present: true, OwnGroup: &GroupRecord{Present: true}}},
			"adm has changed since the plan was made: was absent, is absent, but there is a group of its name"},
	} {
		t.Run(name, func(t *testing.T) {
			m := tree(t, debian)
			if err := m.Perform(context.Background(), test.change); err == nil || err.Error() != test.want {
				t.Errorf("error = %v, want %s", err, test.want)
			}
			for file, want := range debian {
				if got := text(t, m, file); got != want {
					t.Errorf("%s has changed: %q", file, got)
				}
			}
		})
	}
}

// A tree that holds nothing gets what it needs and no files for passwords; the
// files that are there keep their modes.
func TestUserInBareTree(t *testing.T) {
	m := tree(t, nil)
	create := &UserChange{Name: "web", To: UserRecord{Present: true, Fields: fields{UserUID: "2000", UserHome: "/srv"}, OwnGroup: &GroupRecord{Present: true}}}
	if err := m.Perform(context.Background(), create); err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, m, "etc/passwd"), "web:*:2000:2000::/srv:/bin/sh\n"; got != want {
		t.Errorf("passwd = %q, want %q", got, want)
	}
	if text(t, m, "etc/shadow") != "" || text(t, m, "etc/gshadow") != "" {
		t.Error("files for passwords have appeared")
	}
	if err := os.Chmod(filepath.Join(m.root, "etc/passwd"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := &UserChange{Name: "root", From: UserRecord{Present: true, Fields: fields{UserShell: "/bin/sh"}}, To: UserRecord{Present: true, Fields: fields{UserShell: "/bin/bash"}}}
	if err := m.Perform(context.Background(), root); err != nil {
		t.Fatal(err)
	}
	if got, want := lineOf(t, m, "passwd root"), "root:*:0:0::/root:/bin/bash"; got != want {
		t.Errorf("root = %q, want %q", got, want)
	}
	if info, err := os.Stat(filepath.Join(m.root, "etc/passwd")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode of passwd has changed: %v, %v", info.Mode(), err)
	}
}

func TestFreeID(t *testing.T) {
	for _, test := range []struct {
		text   string
		system bool
		want   string
	}{
		{"", false, "1000"},
		{"", true, "999"},
		{"a:x:1000:\nb:x:1007:\nc:x:65534:\n", false, "1008"},
		{"a:x:999:\nb:x:998:\nc:x:100:\n", true, "997"},
		{"a:x:60000:\nb:x:1000:\n", false, "1001"},
		{allUsed(1001, 60000), false, "1000"},
		{allUsed(1000, 60000), false, ""},
		{allUsed(101, 999), true, "100"},
		{allUsed(100, 999), true, ""},
	} {
		table := newTable([]byte(test.text), true, groupColumns)
		if got, err := freeID(test.system, &table); got != test.want || (err == nil) != (got != "") {
			t.Errorf("%.20q: %s, %v, want %s", test.text, got, err, test.want)
		}
	}
}

// allUsed is groups with all the numbers from one to another.
func allUsed(from, to int) string {
	var text strings.Builder
	for id := from; id <= to; id++ {
		fmt.Fprintf(&text, "g%d:x:%[1]d:\n", id)
	}
	return text.String()
}

func TestProcessesOf(t *testing.T) {
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleep.Wait()
	defer sleep.Process.Kill()
	if found := processesOf(os.Getuid()); !slices.ContainsFunc(found, func(p string) bool { return strings.HasPrefix(p, fmt.Sprint(sleep.Process.Pid)) }) {
		t.Errorf("a process that runs is not among %q", found)
	}
	if found := processesOf(4294967); len(found) > 0 {
		t.Errorf("processes of nobody: %q", found)
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/status", []byte("Name:\tgit\nUid:\t1\t2\t3\t4\nGid:\t5\t5\t5\t5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := proc(dir).uids(); !slices.Equal(got, []int{1, 2, 3, 4}) {
		t.Errorf("the process runs as %v", got)
	}
}
