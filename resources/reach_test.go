package resources

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A sketch is a view of a node that tests draw: a small Debian with the user
// database of a real file, and paths that are laid over it with their owners,
// so that no test needs root.
type sketch struct{ *node.Future }

func (sketch) Owners() bool { return true }

// Lstat gives what is not drawn to root.
func (s sketch) Lstat(at string) (node.State, error) {
	state, err := s.Future.Lstat(at)
	if state.Kind != node.Absent && state.Owner == "" {
		state.Owner, state.Group = "root", "root"
	}
	return state, err
}

const sketchPasswd = `root:x:0:0:root:/root:/bin/bash
makenotwork:x:1000:1000::/opt/makenotwork:/usr/sbin/nologin
git:x:995:986::/opt/git:/bin/sh
friend:x:1001:1001::/home/friend:/bin/bash
`

const sketchGroup = `root:x:0:
www-data:x:33:git
git:x:986:
makenotwork:x:1000:
friend:x:1001:
shared:x:44:git,friend
`

// draw draws paths, one in a line: `d /opt 0755 root:root`, `f /bin/sh 0755
// root:root`, `l /bin/bash dash`, `x /bin/bash` for one that goes. A text after
// the owners of a file is its content.
func draw(t testing.TB, lines ...string) sketch {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "etc"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "etc/passwd"), []byte(sketchPasswd), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "etc/group"), []byte(sketchGroup), 0o644))
	m, err := node.Open(dir)
	must(t, err)
	t.Cleanup(func() { m.Close() })
	s := sketch{node.NewFuture(m.View())}
	for _, line := range lines {
		s.add(t, line)
	}
	return s
}

func (s sketch) add(t testing.TB, line string) {
	t.Helper()
	f := strings.SplitN(line, " ", 5)
	at, state := f[1], node.State{}
	switch f[0] {
	case "l":
		state = node.State{Kind: node.Symlink, Owner: "root", Group: "root", Target: f[2]}
	case "d", "f":
		mode, err := node.ParseMode(f[2])
		must(t, err)
		owner, group, _ := strings.Cut(f[3], ":")
		state = node.State{Kind: node.Directory, Owner: owner, Group: group, Mode: mode}
		if f[0] == "f" {
			state.Kind, state.Content = node.File, node.NewContent([]byte(strings.Join(f[4:], "")))
		}
	}
	if above, _ := s.Lstat(path.Dir(at)); above.Kind == node.Absent {
		s.add(t, fmt.Sprintf("d %s 0755 root:root", path.Dir(at)))
	}
	s.Lay(&node.PathChange{Path: at, To: state})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBlocked(t *testing.T) {
	for name, test := range map[string]struct {
		paths []string
		to    string
		at    string // "" when nothing blocks
	}{
		"open":                     {[]string{"d /var/lib/mnw/git 0755 makenotwork:makenotwork"}, "/var/lib/mnw/git", ""},
		"shut to others":           {[]string{"d /var/lib/mnw 0750 makenotwork:makenotwork"}, "/var/lib/mnw/git", "/var/lib/mnw"},
		"shut at the end":          {[]string{"d /srv/git 0700 root:root"}, "/srv/git", "/srv/git"},
		"the first of two":         {[]string{"d /srv/a 0700 root:root", "d /srv/a/b 0700 root:root"}, "/srv/a/b", "/srv/a"},
		"open to its group":        {[]string{"d /srv/git 0750 root:git"}, "/srv/git", ""},
		"open to another group":    {[]string{"d /srv/git 0750 root:www-data"}, "/srv/git", ""},
		"only others may":          {[]string{"d /srv/git 0705 root:git"}, "/srv/git", "/srv/git"},
		"its own, shut to itself":  {[]string{"d /srv/git 0077 git:git"}, "/srv/git", "/srv/git"},
		"read is not enough":       {[]string{"d /srv/git 0744 root:root"}, "/srv/git", "/srv/git"},
		"through a link":           {[]string{"d /real/shut 0700 root:root", "l /srv/way ../real/shut"}, "/srv/way/git", "/real/shut"},
		"a link to an open place":  {[]string{"d /real 0755 root:root", "l /srv/way /real"}, "/srv/way", ""},
		"links that lead nowhere":  {[]string{"l /srv/a b", "l /srv/b a"}, "/srv/a/c", "/srv/a"},
		"not there":                {nil, "/srv/none/git", ""},
		"a file on the way":        {[]string{"f /srv/git 0644 root:root"}, "/srv/git/x", "/srv/git"},
		"a file at the end":        {[]string{"f /srv/git 0600 root:root"}, "/srv/git", ""},
		"below a missing last one": {[]string{"d /srv 0755 root:root"}, "/srv/git/a/b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := draw(t, test.paths...)
			git, _ := v.User("git")
			at, _, ok := blocked(v, git, test.to)
			if at != test.at || ok != (test.at != "") {
				t.Errorf("blocked at %q, %v; want %q", at, ok, test.at)
			}
			root, _ := v.User("root")
			if at, _, ok := blocked(v, root, test.to); ok {
				t.Errorf("root is blocked at %q", at)
			}
		})
	}
}

func TestLetting(t *testing.T) {
	git := node.User{Name: "git", UID: 995, Group: "git", Groups: []string{"www-data"}}
	for _, test := range []struct {
		owner, group string
		mode, want   node.Mode
	}{
		{"git", "root", 0o600, 0o700},
		{"995", "root", 0o600, 0o700},
		{"root", "www-data", 0o2700, 0o2710},
		{"root", "root", 0o1750, 0o1751},
	} {
		s := node.State{Kind: node.Directory, Owner: test.owner, Group: test.group, Mode: test.mode}
		if got := letting(git, s, mayEnter); got != test.want || allows(git, s, mayEnter) {
			t.Errorf("%s: %s, want %s", s, got, test.want)
		}
	}
}
