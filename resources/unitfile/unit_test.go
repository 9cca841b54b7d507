package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func load(t *testing.T, d Tree, name string) *Unit {
	t.Helper()
	u, err := Load(d, name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", want); g != w {
		t.Errorf("%s:\ngot  %s\nwant %s", what, g, w)
	}
}

func TestSources(t *testing.T) {
	d := newTree(t, map[string]string{
		"/opt/real.service":                           service(),
		"/opt/hop":                                    "-> real.service",
		"/etc/systemd/system/a.service":               "-> /opt/hop",
		"/etc/systemd/system/b.service":               "-> a.service",
		"/etc/systemd/system/a.service.d/1.conf":      "-> /opt/one.conf",
		"/opt/one.conf":                               env("A=1"),
		"/run/systemd/system/a.service.d/2.conf":      "-> /dev/null",
		"/lib/systemd/system/service.d/3.conf":        env("B=1"),
		"/lib/systemd/system/a.service.wants/x.mount": "-> ../x.mount",
		"/etc/systemd/system/b.service.requires":      "dir",
		"/etc/systemd/system/other.service.wants":     "dir",
		"/etc/systemd/system/gone.service":            "-> /opt/missing.service",
	})
	expect(t, "sources", load(t, d, "b.service").Sources, []string{
		"/etc/systemd/system/a.service",
		"/etc/systemd/system/a.service.d",
		"/etc/systemd/system/a.service.d/1.conf",
		"/etc/systemd/system/b.service",
		"/etc/systemd/system/b.service.requires",
		"/opt/hop",
		"/opt/one.conf",
		"/opt/real.service",
		"/run/systemd/system/a.service.d",
		"/run/systemd/system/a.service.d/2.conf",
		"/usr/lib/systemd/system/a.service.wants",
		"/usr/lib/systemd/system/service.d",
		"/usr/lib/systemd/system/service.d/3.conf",
	})
	gone := load(t, d, "gone.service")
	expect(t, "fragment of a dangling link", gone.Fragment, "")
	expect(t, "sources of a dangling link", gone.Sources[:1], []string{"/etc/systemd/system/gone.service"})
}

func TestMask(t *testing.T) {
	d := newTree(t, map[string]string{
		"/lib/systemd/system/a.service":          service(),
		"/etc/systemd/system/a.service":          "-> /dev/null",
		"/etc/systemd/system/a.service.d/1.conf": env("A=1"),
	})
	u := load(t, d, "a.service")
	expect(t, "masked", u.Masked, true)
	expect(t, "where", u.Fragment, "/etc/systemd/system/a.service")
	expect(t, "commands", u.Commands("ExecStart"), []Command(nil))
}

func TestLoadErrors(t *testing.T) {
	d := newTree(t, map[string]string{"/etc/systemd/system/a.service": "[Service\n"})
	for _, name := range []string{"", "a", "a.txt", ".service", "@.service", "a b.service", strings.Repeat("a", 300) + ".service"} {
		if _, err := Load(d, name); err == nil {
			t.Errorf("%q is a unit name", name)
		}
	}
	expect(t, "no such unit", load(t, d, "none.service").Fragment, "")
	if u := load(t, d, "a.service"); u.Err == nil || !strings.Contains(u.Err.Error(), "/etc/systemd/system/a.service: line 1") {
		t.Errorf("a broken header: %v", u.Err)
	}
}

func TestAll(t *testing.T) {
	d := newTree(t, map[string]string{
		"/lib/systemd/system/a.service":                      service(),
		"/etc/systemd/system/alias.service":                  "-> /lib/systemd/system/a.service",
		"/lib/systemd/system/t@.service":                     service(),
		"/etc/systemd/system/m.target.wants/t@one.service":   "-> /lib/systemd/system/t@.service",
		"/etc/systemd/system/m.target.wants/ghost.service":   "-> /lib/systemd/system/ghost.service",
		"/lib/systemd/system/a.socket":                       "[Socket]\n",
		"/etc/systemd/system/only-drop-ins.service.d/a.conf": env("A=1"),
	})
	units, err := All(d, "service")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range units {
		names = append(names, u.Name)
	}
	expect(t, "all", names, []string{"a.service", "t@.service", "t@one.service"})
	expect(t, "template", units[2].Template(), "t@.service")
	expect(t, "aliases", units[0].Aliases, []string{"alias.service"})
}

func TestCommands(t *testing.T) {
	for line, want := range map[string]Command{
		"/bin/a":                 {"", "/bin/a", []string{"/bin/a"}},
		"-@/bin//a zero one":     {"-@", "/bin/a", []string{"zero", "one"}},
		"!!/bin/a":               {"!!", "/bin/a", []string{"/bin/a"}},
		":+-sh -c 'echo $A'":     {":+-", "sh", []string{"sh", "-c", "echo $A"}},
		`/bin/a \x41\q "b c" \;`: {"", "/bin/a", []string{"/bin/a", `A\q`, "b c", ";"}},
		"/bin/%p ${X} %%":        {"", "/bin/a", []string{"/bin/a", "${X}", "%"}},
	} {
		u := load(t, newTree(t, map[string]string{"/etc/systemd/system/a.service": "[Service]\nExecReload=" + line}), "a.service")
		expect(t, line, u.Commands("ExecReload"), []Command{want})
	}
	for _, line := range []string{"-", "@/bin/a", "a/b", "/bin/", `"/bin/a`, "++/bin/a", "!!!/bin/a", "\"/bin/a'b\""} {
		u := load(t, newTree(t, map[string]string{"/etc/systemd/system/a.service": "[Service]\nExecStart=" + line}), "a.service")
		expect(t, line, u.Commands("ExecStart"), []Command(nil))
	}
}

func TestSettings(t *testing.T) {
	u := load(t, newTree(t, map[string]string{
		"/etc/systemd/system/a.service": "[Unit]\nDescription=x\nDescription=y\nAfter=a\nAfter=b\n[Service]\nRemainAfterExit=TRUE\nRemainAfterExit=perhaps\n" +
			"EnvironmentFile=-/etc/*.env\nEnvironmentFile=/etc/a\n",
		"/etc/systemd/system/a.service.d/1.conf": "[Unit]\nAfter=\nAfter=c\n[Service]\nExecReload=/bin/r\nType=notify\n",
	}), "a.service")
	expect(t, "list", u.Values("Unit", "After"), []string{"c"})
	expect(t, "scalar", u.Value("Unit", "Description"), "y")
	expect(t, "none", u.Value("Unit", "Documentation"), "")
	expect(t, "type", u.Type(), "notify")
	expect(t, "reload", u.CanReload(), true)
	expect(t, "remain", u.RemainAfterExit(), true)
	expect(t, "place", u.Settings[len(u.Settings)-1], Setting{"Service", "Type", "notify", "/etc/systemd/system/a.service.d/1.conf", 6})
	expect(t, "files", u.EnvironmentFiles(), []EnvironmentFile{{"/etc/*.env", true, true}, {"/etc/a", false, false}})
	if _, ok := u.Bool("Service", "NoNewPrivileges"); ok {
		t.Error("a boolean that is not there")
	}
}

func TestMachineSpecifiers(t *testing.T) {
	files := map[string]string{
		"/etc/systemd/system/a.service": "[Service]\nEnvironment=A=%m-%o-%w-%B-%A B=%H C=%z\nUser=%H\n",
		"/usr/lib/os-release":           "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\nBUILD_ID='b 1'\n",
		"/etc/os-release":               "-> ../usr/lib/os-release",
		"/etc/machine-id":               "0123456789abcdef0123456789abcdef\n",
	}
	image := load(t, newTree(t, files), "a.service")
	expect(t, "environment", image.Environment(), []string{"A=0123456789abcdef0123456789abcdef-debian-12-b 1-", "B=%H", "C=%z"})
	expect(t, "user", image.User(), "%H")
	_, err := image.Expand("%H")
	expect(t, "unresolved", fmt.Sprint(err), "specifier %H: the tree does not tell")

	files["/proc/sys/kernel/hostname"] = "node.example\n"
	files["/proc/sys/kernel/random/boot_id"] = "fa22f05e-8d7b-4791-8e54-8bf3971dfc77\n"
	files["/proc/sys/kernel/osrelease"] = "6.1.0\n"
	files["/proc/sys/kernel/arch"] = "x86_64\n"
	live := load(t, newTree(t, files), "a.service")
	for specifier, want := range map[string]string{
		"%H": "node.example", "%l": "node", "%q": "node", "%b": "fa22f05e8d7b47918e548bf3971dfc77", "%v": "6.1.0", "%a": "x86-64",
		"%y": "/etc/systemd/system/a.service", "%Y": "/etc/systemd/system", "100%": "100%", "% n%%": "% n%",
	} {
		got, err := live.Expand(specifier)
		if got != want || err != nil {
			t.Errorf("%s is %q, %v; not %q", specifier, got, err, want)
		}
	}
}

func TestReadInstall(t *testing.T) {
	d := newTree(t, map[string]string{
		"/lib/systemd/system/t@.service":          unitText("WantedBy=a.target b.target\nAlias=al@.service\nAlso=x.service\nUpheldBy=u.target\nDefaultInstance=%p"),
		"/etc/systemd/system/t@.service.d/1.conf": "[Install]\nWantedBy=\nWantedBy=c.target\n",
	})
	i, err := ReadInstall(d, "t@.service")
	expect(t, "error", err, nil)
	expect(t, "install", i, Install{WantedBy: []string{"c.target"}, Alias: []string{"al@.service"}, Also: []string{"x.service"},
		UpheldBy: []string{"u.target"}, DefaultInstance: "%p"})
	if _, err := ReadInstall(d, "none.service"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		text  string
		style wordStyle
		want  []string
		bad   bool
	}{
		{` a  "b c"d 'e'' f' `, quotes, []string{"a", "b cd", "e f"}, false},
		{`"" ''`, quotes, []string{"", ""}, false},
		{`a\x41\101\u00e4\sb`, escapes, []string{"aAAä b"}, false},
		{`a\ b "c\"d"`, quotes, []string{"a b", `c"d`}, false},
		{`a\x2db "c`, quotes | backslash, []string{`a\x2db`}, true},
		{`a \q`, escapes, []string{"a"}, true},
		{`a \q\`, escapes | lenient, []string{"a", `\q\`}, false},
		{`"a" b`, 0, []string{`"a"`, "b"}, false},
		{`\x00`, escapes, nil, true},
		{`\777`, escapes, nil, true},
		{`\U00110000`, escapes, nil, true},
	} {
		got, err := words(c.text, c.style)
		if !slices.Equal(got, c.want) || (err != nil) != c.bad {
			t.Errorf("%s: %q, %v; not %q", c.text, got, err, c.want)
		}
	}
}
