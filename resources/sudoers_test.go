package resources

import (
	"strings"
	"testing"
)

// lintOf is what the lint says of a drop-in in a drawn node: refusals, then after
// "note: " remarks.
func lintOf(t *testing.T, s *Sudoers, text string, paths ...string) []string {
	t.Helper()
	s.Name = "x"
	v := draw(t, append([]string{"f /usr/bin/sudo 4755 root:root", "f /etc/hostname 0644 root:root node"}, paths...)...)
	v.add(t, "f /etc/sudoers.d/x 0440 root:root "+text)
	l := s.lint(v)
	said := l.refusals
	for _, remark := range l.remarks {
		said = append(said, "note: "+remark)
	}
	return said
}

// says fails unless each text holds what is wanted of it, words with … between them.
func says(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d said, want %d: %q", len(got), len(want), got)
		return
	}
	for i := range want {
		rest := "^" + got[i]
		for word := range strings.SplitSeq("^"+want[i], "…") {
			_, after, ok := strings.Cut(rest, word)
			if !ok {
				t.Errorf("%q, want %q", got[i], want[i])
				break
			}
			rest = after
		}
	}
}

func TestSudoersMissing(t *testing.T) {
	const tool = "f /opt/tool 0755 root:root"
	for name, test := range map[string]struct {
		text  string
		paths []string
		want  []string
	}{
		"there":             {"git ALL=/opt/tool\n", []string{tool}, nil},
		"not there":         {"\ngit ALL=/opt/tool x\n", nil, []string{"/etc/sudoers.d/x:2: /opt/tool does not exist: there is no /opt"}},
		"in a directory":    {"git ALL=/opt/a/b/tool\n", []string{tool}, []string{"…there is no /opt/a"}},
		"below a file":      {"git ALL=/opt/tool/x\n", []string{tool}, []string{"…/opt/tool is a file, not a directory"}},
		"behind a link":     {"git ALL=/opt/current/tool\n", []string{"l /opt/current releases/1"}, []string{"…there is no /opt/releases, where the symlink /opt/current leads"}},
		"links in a circle": {"git ALL=/opt/a/tool\n", []string{"l /opt/a b", "l /opt/b a"}, []string{"…/opt/a is one of some symlinks that lead to each other"}},
		"two of three":      {"git ALL=/opt/tool, /opt/a, \\\n /opt/b\n", []string{tool}, []string{"…:1: /opt/a does…", "…:2: /opt/b does…"}},
		"said once":         {"git ALL=/opt/a, /opt/tool, /opt/a\n", []string{tool}, []string{"…:1: /opt/a does…"}},
		"a pattern":         {"git ALL=/opt/none/*, /opt/t[ou]x, /o?t/x\n", []string{tool}, nil},
		"denied":            {"git ALL=/opt/tool, !/opt/none\n", []string{tool}, nil},
		"not a path":        {"git ALL=ALL, sudoedit /opt/none, ^/opt/x$\n", nil, nil},
		"elsewhere":         {"git ALL=CHROOT=/srv /opt/none\n", nil, nil},
		"elsewhere always":  {"Defaults runchroot=/srv\ngit ALL=/opt/none\n", nil, nil},
		"another host":      {"git other, 10.0.0.1, +net, !node=/opt/none\n", nil, nil},
		"this host":         {"git node=/opt/none\n", nil, []string{"…there is no /opt"}},
		"this host's name":  {"Host_Alias H = n*.example.net\ngit H=/opt/none\n", nil, []string{"…there is no /opt"}},
		"with a digest":     {"git ALL=sha224:aa /opt/none\n", nil, []string{"…there is no /opt"}},
		"a directory":       {"git ALL=/opt/\n", []string{tool}, nil},
		"no such directory": {"git ALL=/opt/x/\n", []string{tool}, []string{"…/opt/x/ does not exist: there is no /opt/x"}},
		"not a directory":   {"git ALL=/opt/tool/\n", []string{tool}, []string{"…/opt/tool/ is a file, not a directory"}},
		"without its slash": {"git ALL=/opt\n", []string{tool}, []string{"…/opt is a directory: write /opt/ to grant all…"}},
		"not executable":    {"git ALL=/opt/tool\n", []string{"f /opt/tool 0644 root:root"}, []string{"…/opt/tool is not executable (file 0644 root:root)"}},
		"with escapes":      {"git ALL=/opt/a\\,b\n", []string{"f /opt/a,b 0755 root:root"}, nil},
		"not understood":    {"git ALL=(/opt/none\n", nil, nil},
		"an alias of others": {"git ALL=TOOLS\n", []string{"f /etc/sudoers 0440 root:root Cmnd_Alias TOOLS=/opt/none\n"},
			[]string{"/etc/sudoers:1: /opt/none…"}},
		"an alias for others": {"Cmnd_Alias TOOLS=/opt/none\n", []string{"f /etc/sudoers 0440 root:root git ALL=TOOLS\n@includedir /etc/sudoers.d\n"},
			[]string{"/etc/sudoers.d/x:1: /opt/none…"}},
		"what others grant": {"git ALL=/opt/tool\n", []string{tool, "f /etc/sudoers 0440 root:root git ALL=/opt/none\n"}, nil},
	} {
		t.Run(name, func(t *testing.T) { says(t, lintOf(t, &Sudoers{}, test.text, test.paths...), test.want...) })
	}
	says(t, lintOf(t, &Sudoers{AcceptMissing: []Path{"/opt/a", "/opt/b"}}, "git ALL=/opt/a, /opt/b/, /opt/c\n"), "…/opt/c…")
	says(t, lintOf(t, &Sudoers{State: Gone}, "git ALL=/opt/a\n"))
	says(t, lintOf(t, &Sudoers{}, "git ALL=/opt/a\n", "x /usr/bin/sudo"))
}

// What lies in a path that should go away is refused from its day on, and noted before.
func TestSudoersRetired(t *testing.T) {
	tree := []string{"f /opt/old/tool 0755 root:root", "f /opt/older/tool 0755 root:root", "l /opt/link old", "l /srv/opt ../opt", "l /opt/current /opt/old/tool"}
	for name, test := range map[string]struct {
		text    string
		retired Path
		after   Day
		want    []string
	}{
		"in it":               {"\ngit ALL=(git) /opt/old/tool x\n", "/opt/old", "", []string{"/etc/sudoers.d/x:2: /opt/old/tool lies in /opt/old, which is to go away…"}},
		"itself":              {"git ALL=(git) /opt/old/tool\n", "/opt/old/tool", "", []string{"…lies in /opt/old/tool…"}},
		"beside it":           {"git ALL=(git) /opt/older/tool\n", "/opt/old", "", nil},
		"by way of a link":    {"git ALL=(git) /opt/link/tool, /opt/current\n", "/opt/old", "", []string{"…/opt/link/tool lies in /opt/old…", "…/opt/current lies…"}},
		"retired by a link":   {"git ALL=(git) /opt/old/tool\n", "/srv/opt/old", "", []string{"…lies in /srv/opt/old…"}},
		"a link that goes":    {"git ALL=(git) /opt/link/tool\n", "/opt/link", "", []string{"…lies in /opt/link…"}},
		"a pattern":           {"git ALL=(git) /opt/old/t*\n", "/opt/old", "", []string{"…/opt/old/t* lies in /opt/old…"}},
		"a directory":         {"git ALL=(git) /opt/old/\n", "/opt/old", "", []string{"…/opt/old/ lies in /opt/old…"}},
		"with a digest":       {"git ALL=(git) sha224:aa /opt/old/tool\n", "/opt/old", "", []string{"…lies in…"}},
		"denied":              {"git ALL=(git) !/opt/old/tool\n", "/opt/old", "", nil},
		"before its day":      {"git ALL=(git) /opt/old/tool\n", "/opt/old", "2999-01-01", []string{"note: …which from 2999-01-01 on is to go away…"}},
		"from its day on":     {"git ALL=(git) /opt/old/tool\n", "/opt/old", "2000-01-01", []string{"/etc/sudoers.d/x:1: …"}},
		"what is there in it": {"git ALL=(git) /opt/old/none\n", "/opt/old", "", []string{"…does not exist…", "…lies in…"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Sudoers{}
			for range 2 { // runs
				s.Meets([]Resource{&File{Path: "/opt/older"}, &Retired{Path: test.retired, After: test.after}})
			}
			if len(s.retired) != 1 {
				t.Errorf("it knows of %d retired paths, want 1", len(s.retired))
			}
			says(t, lintOf(t, s, test.text, tree...), test.want...)
		})
	}
}

func TestSudoersReplaceable(t *testing.T) {
	const own = "f /opt/tool 0755 git:git"
	for name, test := range map[string]struct {
		text  string
		paths []string
		want  []string
	}{
		"root's":                  {"git ALL=/opt/tool\n", []string{"f /opt/tool 0755 root:root"}, nil},
		"its own":                 {"git ALL=/opt/tool\n", []string{own}, []string{"/etc/sudoers.d/x:1: privilege escalation: git may replace /opt/tool and so gain the rights of root: it owns /opt/tool (file 0755 git:git): let root own that, or declare accept_gain: {\"git\": [\"root\"]}"}},
		"its own, not writable":   {"git ALL=/opt/tool\n", []string{"f /opt/tool 0555 git:git"}, []string{"…it owns /opt/tool…"}},
		"of its group":            {"git ALL=/opt/tool\n", []string{"f /opt/tool 0775 root:shared"}, []string{"…it may write to /opt/tool (file 0775 root:shared): let only root write there…"}},
		"of a group it is not in": {"makenotwork ALL=/opt/tool\n", []string{"f /opt/tool 0775 root:shared"}, nil},
		"in its directory":        {"git ALL=/opt/a/b/tool\n", []string{"d /opt/a 0755 git:git", "f /opt/a/b/tool 0755 root:root"}, []string{"…it owns /opt/a (directory 0755 git:git)…"}},
		"in a directory of its group": {"git ALL=/opt/a/tool\n", []string{"d /opt/a 0770 root:shared", "f /opt/a/tool 0755 root:root"},
			[]string{"…it may write to /opt/a (directory 0770 root:shared)…"}},
		"a directory it cannot enter": {"git ALL=/opt/a/tool\n", []string{"d /opt/a 0760 root:shared", "f /opt/a/tool 0755 root:root"}, nil},
		"behind a closed door":        {"git ALL=/opt/a/b/tool\n", []string{"d /opt/a 0700 root:root", "d /opt/a/b 0777 root:root", "f /opt/a/b/tool 0755 git:git"}, nil},
		"sticky":                      {"git ALL=/opt/a/tool\n", []string{"d /opt/a 1777 root:root", "f /opt/a/tool 0755 root:root"}, nil},
		"sticky, its own directory":   {"git ALL=/opt/a/b/tool\n", []string{"d /opt/a 1777 root:root", "d /opt/a/b 0755 git:git", "f /opt/a/b/tool 0755 root:root"}, []string{"…owns /opt/a/b (dir…"}},
		"sticky, its own link":        {"git ALL=/opt/a/tool\n", []string{"d /opt/a 1777 root:root", "l /opt/a/tool /opt/real", "f /opt/real 0755 root:root"}, nil},
		"where a link leads":          {"git ALL=/opt/current/tool\n", []string{"d /opt/releases 0755 git:git", "l /opt/current releases/1", "f /opt/releases/1/tool 0755 root:root"}, []string{"…it owns /opt/releases (…"}},
		"not there yet":               {"git ALL=/opt/a/tool\n", []string{"d /opt/a 1777 root:root"}, []string{"…does not exist: there is no /opt/a/tool", "…it may write to /opt/a (…"}},
		"with a digest":               {"git ALL=sha224:aa /opt/tool\n", []string{own}, nil},
		"denied":                      {"git ALL=!/opt/tool\n", []string{own}, nil},
		"denied to it":                {"ALL, !git ALL=/opt/tool\n", []string{own}, nil},
		"another host":                {"git other=/opt/tool\n", []string{own}, nil},
		"a directory of commands":     {"git ALL=/opt/a/\n", []string{"d /opt/a 1777 root:root"}, []string{"…may replace /opt/a/ …may write to /opt/a (directory 1777…"}},
		"a file in a directory":       {"git ALL=/opt/a/\n", []string{"f /opt/a/one 0755 root:root", "f /opt/a/two 0755 git:git"}, []string{"…may replace /opt/a/two…owns /opt/a/two…"}},
		"a link in a directory":       {"git ALL=/opt/a/\n", []string{"l /opt/a/one ../b/one", "f /opt/b/one 0777 root:root"}, []string{"…may replace /opt/a/one…write to /opt/b/one…"}},
		"a pattern":                   {"git ALL=/opt/a/t*\n", []string{"f /opt/a/t1 0755 root:root", "f /opt/a/t2 0755 git:git", "f /opt/a/u 0755 git:git"}, []string{"…owns /opt/a/t2…"}},
		"a pattern that it can fill":  {"git ALL=/opt/*/bin/t\n", []string{"d /opt 1777 root:root"}, []string{"…write to /opt (…"}},
		"a safe pattern":              {"git ALL=/opt/*/bin/t\n", []string{"d /opt/a 0777 git:git"}, nil},
	} {
		t.Run(name, func(t *testing.T) { says(t, lintOf(t, &Sudoers{}, test.text, test.paths...), test.want...) })
	}
}

func TestSudoersGains(t *testing.T) {
	paths := []string{"f /opt/tool 0755 git:git", "f /opt/all 0777 root:root", "f /opt/shared 0775 root:shared"}
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"root's":                {"git ALL=(root) /opt/tool\n", []string{"…rights of root: it…"}},
		"among all":             {"git ALL=(ALL:ALL) /opt/tool\n", []string{"…rights of root: it…"}},
		"by number":             {"#995 ALL=(#0) /opt/tool\n", []string{"…git may…rights of root: it…"}},
		"another's":             {"git ALL=(friend) /opt/tool\n", []string{"note: …git may replace /opt/tool and so gain the rights of friend: …"}},
		"all but root's":        {"git ALL=(ALL, !root) /opt/tool\n", []string{"note: …rights of makenotwork, friend: …"}},
		"its own":               {"git ALL=(git) /opt/tool\n", nil},
		"nobody's":              {"git ALL=() /opt/tool\n", nil},
		"a group's":             {"git ALL=(:www-data, makenotwork) /opt/tool\n", []string{"note: …rights of the group makenotwork: …"}},
		"any group's":           {"git ALL=(git:ALL) /opt/tool\n", []string{"note: …rights of the group ALL: …"}},
		"an alias":              {"Runas_Alias R = !friend, root\ngit ALL=(R) /opt/tool\n", []string{"…rights of root…"}},
		"by default":            {"Defaults runas_default=friend\ngit ALL=/opt/tool\n", []string{"note: …rights of friend…"}},
		"who knows":             {"Defaults:git runas_default=friend\ngit ALL=/opt/tool\n", nil},
		"one who is not root":   {"friend ALL=/opt/tool\n", nil},
		"root":                  {"root ALL=/opt/tool\n", nil},
		"any user":              {"ALL ALL=/opt/all\n", []string{"…any user may replace /opt/all…\"ALL\"…"}},
		"any user, its owner":   {"ALL ALL=/opt/tool\n", []string{"…: git may replace…"}},
		"any member":            {"%shared ALL=/opt/shared\n", []string{"…any member of shared may…{\"%shared\"…"}},
		"by the group's id":     {"%#44 ALL=/opt/shared\n", []string{"…git, friend may replace…they may write…"}},
		"a member":              {"%shared ALL=/opt/tool\n", []string{"…: git may…"}},
		"a stranger":            {"nobody-here, %shared ALL=/opt/all\n", []string{"…any member of shared may…", "…nobody-here may…"}},
		"a user alias":          {"User_Alias U = friend, %shared\nU ALL=/opt/shared\n", []string{"…any member of shared may…"}},
		"who may all":           {"git ALL=(ALL) ALL\ngit ALL=(root) /opt/tool\n", nil},
		"who may all freely":    {"git ALL=(ALL) NOPASSWD: ALL\ngit ALL=(root) NOPASSWD: /opt/tool\n", nil},
		"spared the password":   {"git ALL=(ALL) ALL\ngit ALL=(root) NOPASSWD: /opt/tool\n", []string{"note: …rights of root without a password: …"}},
		"who may nearly all":    {"git ALL=(ALL) ALL, !/bin/su\ngit ALL=(root) /opt/tool\n", []string{"…rights of root…"}},
		"who may all as them":   {"git ALL=(friend) ALL\ngit ALL=(friend) /opt/tool\n", nil},
		"who may all elsewhere": {"git other=(ALL) ALL\ngit ALL=(root) /opt/tool\n", []string{"…rights of root…"}},
		"of one who may all":    {"friend ALL=(ALL) NOPASSWD: ALL\ngit ALL=(friend) /opt/tool\n", []string{"…rights of friend…"}},
	} {
		t.Run(name, func(t *testing.T) { says(t, lintOf(t, &Sudoers{}, test.text, paths...), test.want...) })
	}
	for _, test := range []struct {
		accept map[string][]string
		text   string
		left   int
	}{
		{map[string][]string{"git": {"friend"}}, "git ALL=(friend) /opt/tool\n", 0},
		{map[string][]string{"git": {"friend"}}, "git ALL=(root) /opt/tool\n", 1},
		{map[string][]string{"makenotwork": {"friend"}}, "git ALL=(friend) /opt/tool\n", 1},
		{map[string][]string{"%shared": {"root"}}, "git ALL=(root) /opt/tool\n", 0},
		{map[string][]string{"%shared": {"root"}}, "%shared ALL=(root) /opt/shared\n", 0},
		{map[string][]string{"git": {"root"}}, "%shared ALL=(root) /opt/shared\n", 1},
		{map[string][]string{"ALL": {"root"}}, "ALL ALL=(root) /opt/all, /opt/tool\n", 0},
		{map[string][]string{"git": {"friend", ":makenotwork"}}, "git ALL=(friend:makenotwork) /opt/tool\n", 0},
	} {
		if got := lintOf(t, &Sudoers{AcceptGain: test.accept}, test.text, paths...); len(got) != test.left {
			t.Errorf("%v, %q: %q", test.accept, test.text, got)
		}
	}
}

// Root is there even where passwd(5) does not say so.
func TestSudoersWithoutPasswd(t *testing.T) {
	says(t, lintOf(t, &Sudoers{}, "git ALL=(ALL) /opt/tool\n", "f /etc/passwd 0644 root:root", "f /opt/tool 0777 root:root"), "…rights of root: …")
}

// A user who is only planned counts as well.
func TestSudoersOfPlannedUsers(t *testing.T) {
	says(t, lintOf(t, &Sudoers{}, "new ALL=(git) /opt/tool\n", "f /opt/tool 0755 new:new"), "note: …new may replace…")
}
