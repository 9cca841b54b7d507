package resources

import (
	"errors"
	"strings"
	"testing"
)

func TestReadableBy(t *testing.T) {
	for name, test := range map[string]struct {
		paths []string
		user  string
		says  string
	}{
		"open to all":            {[]string{"f /etc/x 0644 root:root"}, "git", ""},
		"root's alone":           {[]string{"f /etc/x 0600 root:root"}, "git", "git cannot read /etc/x (file 0600 root:root): give it a group that git is in, and mode 0640"},
		"another group's":        {[]string{"f /etc/x 0640 root:makenotwork"}, "git", "git cannot read /etc/x (file 0640 root:makenotwork): give it a group that git is in"},
		"its group's":            {[]string{"f /etc/x 0640 root:git"}, "git", ""},
		"a group's that it has":  {[]string{"f /etc/x 0640 root:shared"}, "git", ""},
		"shut to that group":     {[]string{"f /etc/x 0604 root:shared"}, "git", "git cannot read /etc/x (file 0604 root:shared): give it mode 0644"},
		"its own, shut":          {[]string{"f /etc/x 0044 git:git"}, "git", "git cannot read /etc/x (file 0044 git:git): give it mode 0444"},
		"below what is shut":     {[]string{"d /etc/a 0750 root:makenotwork", "f /etc/a/x 0644 root:root", "l /etc/x a/x"}, "git", "git cannot get into /etc/a (directory 0750 root:makenotwork): give that mode 0751"},
		"a link to what is shut": {[]string{"f /srv/x 0600 root:root", "l /etc/x ../srv/x"}, "git", "git cannot read /srv/x (file 0600 root:root): give it a group that git is in, and mode 0640"},
		"a directory":            {[]string{"d /etc/x 0755 root:root"}, "git", ""},
		"one without its list":   {[]string{"d /etc/x 0711 root:root"}, "git", "git cannot read /etc/x (directory 0711 root:root): give it mode 0715"},
		"root":                   {[]string{"d /etc/a 0000 git:git", "f /etc/a/x 0000 git:git", "l /etc/x a/x"}, "root", ""},
		"nothing":                {nil, "git", ""},
		"nobody":                 {nil, "nobdy", `no user "nobdy"`},
	} {
		t.Run(name, func(t *testing.T) {
			v := draw(t, test.paths...)
			err := Readers{ReadableBy: []UserName{UserName(test.user)}}.examine(v, "/etc/x")
			if want := prefixed("readable_by: ", test.says); said(err) != want {
				t.Errorf("%q, want %q", said(err), want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	v := draw(t, "d /opt/mnw 0755 root:root", "l /opt/mnw/rules /opt/old/rules", "l /opt/mnw/current releases/1/app",
		"l /a b", "l /b a", "f /opt/file 0644 root:root", "l /opt/here /opt/mnw/..")
	for to, says := range map[string]string{
		"/":                  "",
		"/opt/mnw":           "",
		"/opt/file":          "",
		"/opt/here/mnw":      "",
		"/opt/here/":         "",
		"/opt/none/docs":     "there is no /opt/none",
		"/opt/mnw/rules":     "there is no /opt/old, where the symlink /opt/mnw/rules leads",
		"/opt/mnw/current/x": "there is no /opt/mnw/releases, where the symlink /opt/mnw/current leads",
		"/opt/file/x":        "/opt/file is a file, not a directory",
		"/a/x":               "/a is one of some symlinks that lead to each other",
		"/b":                 "/b is one of some symlinks that lead to each other",
	} {
		if err := missing(v, to); said(err) != says {
			t.Errorf("%s: %q, want %q", to, said(err), says)
		}
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func prefixed(with, text string) string {
	if text == "" {
		return ""
	}
	return with + text
}

// A path must be readable by whom systemd starts the readers as.
func TestPathsOfServices(t *testing.T) {
	const shut = "d /opt/old 0750 root:makenotwork"
	const cannot = "cannot get into /opt/old (directory 0750 root:makenotwork): give that mode 0751"
	for name, test := range map[string]struct{ service, says string }{
		"root":                  {"EnvironmentFile=/etc/x.env", ""},
		"its group's":           {"EnvironmentFile=/etc/x.env\nUser=makenotwork", ""},
		"another user":          {"EnvironmentFile=/etc/x.env\nUser=git", "git " + cannot},
		"its number":            {"EnvironmentFile=/etc/x.env\nUser=995", "git " + cannot},
		"a number of nobody's":  {"EnvironmentFile=/etc/x.env\nUser=4711", "4711 " + cannot},
		"root's number":         {"EnvironmentFile=/etc/x.env\nUser=0", ""},
		"in the group":          {"EnvironmentFile=/etc/x.env\nUser=git\nGroup=makenotwork", ""},
		"in its number":         {"EnvironmentFile=/etc/x.env\nUser=git\nGroup=1000", ""},
		"in it, too":            {"EnvironmentFile=/etc/x.env\nUser=git\nSupplementaryGroups=www-data makenotwork", ""},
		"no longer in its own":  {"EnvironmentFile=/etc/x.env\nUser=makenotwork\nGroup=git", "makenotwork " + cannot},
		"unknown":               {"EnvironmentFile=/etc/x.env\nUser=nobdy", "there is no user nobdy, as whom it runs"},
		"dynamic":               {"EnvironmentFile=/etc/x.env\nDynamicUser=yes", "one " + cannot},
		"dynamic, in the group": {"EnvironmentFile=/etc/x.env\nDynamicUser=yes\nSupplementaryGroups=makenotwork", ""},
		"with root's powers":    {"EnvironmentFile=/etc/x.env\nUser=git\nAmbientCapabilities=CAP_DAC_READ_SEARCH", ""},
		"without some":          {"EnvironmentFile=/etc/x.env\nUser=git\nAmbientCapabilities=~CAP_DAC_READ_SEARCH", "git " + cannot},
		"under another name":    {"EnvironmentFile=-/etc/link.env\nUser=git", "git " + cannot},
		"by a pattern":          {"EnvironmentFile=/etc/*.env\nUser=git", "git " + cannot},
		"another file":          {"EnvironmentFile=/etc/y.env\nUser=git", ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := draw(t, shut, "d /opt/old/docs 0755 root:root", "f /etc/x.env 0640 root:root DOCS=/opt/old/docs\n", "l /etc/link.env x.env",
				"f /etc/systemd/system/one.service 0644 root:root [Service]\nExecStart=/bin/true\n"+test.service+"\n")
			e := &EnvFile{Path: "/etc/x.env", Types: map[string]ValueType{"DOCS": valueType(t, "path"), "NONE": valueType(t, "port")}}
			want := prefixed(`types: DOCS: "/opt/old/docs" is to be read by one.service, and `, test.says)
			if err := e.Examine(t.Context(), v); said(err) != want {
				t.Errorf("%q, want %q", said(err), want)
			}
			e.Secrets = map[string]string{"DOCS": "/opt/old/docs"}
			if err := e.Examine(t.Context(), v); (err != nil) != (test.says != "") || strings.Contains(said(err), "/opt/old") {
				t.Errorf("as a secret: %q", said(err))
			}
		})
	}
}

// Services that are kept out for one reason are told with it once.
func TestServicesAreToldTogether(t *testing.T) {
	unit := func(name, user string) string {
		return "f /etc/systemd/system/" + name + ".service 0644 root:root [Service]\nEnvironmentFile=/etc/x.env\nUser=" + user + "\n"
	}
	v := draw(t, "d /opt/old 0700 root:root", "f /etc/x.env 0640 root:root OLD=/opt/old\n", unit("a", "git"), unit("b", "git"), unit("c@", "friend"), unit("d", "git"), "l /etc/systemd/system/d.service /dev/null")
	e := &EnvFile{Path: "/etc/x.env", Types: map[string]ValueType{"OLD": valueType(t, "path")}}
	want := `types: OLD: "/opt/old" is to be read by a.service and b.service, and git cannot get into /opt/old (directory 0700 root:root): give that mode 0701; ` +
		`it is to be read by c@.service, and friend cannot get into /opt/old (directory 0700 root:root): give that mode 0701`
	if err := e.Examine(t.Context(), v); said(err) != want {
		t.Errorf("%q\nwant %q", said(err), want)
	}
}

// The view that cannot tell owners tells what is there.
type ownerless struct{ sketch }

func (ownerless) Owners() bool { return false }

func TestWithoutOwnersExistenceIsEnough(t *testing.T) {
	v := ownerless{draw(t, "d /opt/old 0700 root:root", "f /etc/x.env 0600 root:root OLD=/opt/old\nNEW=/opt/new\n",
		"f /etc/systemd/system/a.service 0644 root:root [Service]\nEnvironmentFile=/etc/x.env\nUser=git\n")}
	e := &EnvFile{Path: "/etc/x.env", Readers: Readers{[]UserName{"git"}}, Types: map[string]ValueType{"OLD": valueType(t, "path"), "NEW": valueType(t, "path")}}
	if err := e.Examine(t.Context(), v); said(err) != `types: NEW: "/opt/new" leads nowhere: there is no /opt/new` {
		t.Error(err)
	}
}

// Where the services cannot be listed, nothing is taken for granted.
func TestServicesThatCannotBeRead(t *testing.T) {
	v := unlistable{draw(t, "d /opt/old 0750 root:root", "f /etc/x.env 0600 root:root OLD=/opt/old\n")}
	e := &EnvFile{Path: "/etc/x.env", Types: map[string]ValueType{"OLD": valueType(t, "path")}}
	if err := e.Examine(t.Context(), v); !strings.Contains(said(err), "is read by services that cannot be told: unit search path: no disk") {
		t.Error(err)
	}
}

// What everybody may read need not be held to anybody, which would take longer than
// all the rest of such a run.
func TestOpenToAll(t *testing.T) {
	v := draw(t, "d /a 0755 root:root", "d /a/shut 0751 root:root", "f /a/file 0644 root:root", "f /a/own 0640 root:root",
		"d /b 0711 root:root", "f /b/file 0444 root:root", "d /c 0705 root:root", "f /c/file 0644 root:root", "l /l b/file", "l /m /a/own")
	for at, open := range map[string]bool{
		"/a": true, "/a/file": true, "/a/shut": false, "/a/own": false, "/b": false, "/b/file": true, "/c/file": false, "/l": true, "/m": false, "/": true,
	} {
		if openToAll(v, at) != open {
			t.Errorf("%s is open to all: %v", at, !open)
		}
	}
}

type unlistable struct{ sketch }

func (unlistable) ReadDir(string) ([]string, error) { return nil, errors.New("no disk") }
