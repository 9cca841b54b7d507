package sudoers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/linear"
)

func read(text string) *Policy {
	return Read(Text{"x", []byte(text)}, func(Include) []Text { return nil })
}

// granted is the commands that the grants give, with where they stand.
func granted(p *Policy) []string {
	var lines []string
	for _, g := range p.Grants {
		for _, s := range p.Granted(g) {
			lines = append(lines, fmt.Sprintf("%s:%d %s", s.Command.File, s.Command.Line, s.Command.Raw))
		}
	}
	return lines
}

func TestGranted(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"one", "a ALL = /bin/a x\n", []string{"x:1 /bin/a"}},
		{"positions", "# 1\n\na ALL = \\\n /bin/a, \\\n /bin/b\n", []string{"x:4 /bin/a", "x:5 /bin/b"}},
		{"denied", "a ALL = /bin/a, !/bin/b\n", []string{"x:1 /bin/a"}},
		{"taken back", "a ALL = /bin/a, /bin/b, !/bin/a\n", []string{"x:1 /bin/b"}},
		{"taken back with all", "a ALL = /bin/a, !ALL, /bin/b\n", []string{"x:1 /bin/b"}},
		{"not quite taken back", "a ALL = /bin/a, !/bin/a x\n", []string{"x:1 /bin/a"}},
		{"taken back, said again", "a ALL = (b) /bin/a, (c) !/bin/a, (b) /bin/b, (b) !ALL\n", nil},
		{"as another", "a ALL = (b) /bin/a, (c) !/bin/a, (c) !ALL\n", []string{"x:1 /bin/a"}},
		{"given again", "a ALL = !/bin/a, /bin/a\n", []string{"x:1 /bin/a"}},
		{"an alias, defined later", "a ALL = TOOLS\nCmnd_Alias TOOLS = /bin/a, \\\n!/bin/b\n", []string{"x:2 /bin/a"}},
		{"a denied alias gives what it denies", "Cmnd_Alias T = /bin/a, !/bin/b\na ALL = !T\n", []string{"x:1 /bin/b"}},
		{"aliases that lead to each other", "Cmnd_Alias A = B, /bin/a : B = A\na ALL = A\n", []string{"x:1 /bin/a"}},
		{"no such alias", "a ALL = NONE\n", []string{"x:1 NONE"}},
		{"a faulty line", "a ALL = (b /bin/a\nb ALL = /bin/b\n", []string{"x:2 /bin/b"}},
		{"a faulty line that goes on", "a ALL (b \\\nb ALL = /bin/b\nc ALL = /bin/c\n", []string{"x:3 /bin/c"}},
		{"half a line", "a ALL = /bin/a : ALL\n", nil},
		{"digests", "a ALL = sha224:aa, sha256:bb /bin/a, sha512 : c /bin/b\n", []string{"x:1 /bin/a", "x:1 /bin/b"}},
		{"no digests", "sha224 ALL = /bin/sha224:x, /bin/sha2\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := granted(read(test.text)); !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestSpecs(t *testing.T) {
	p := read("a ALL = (b) NOPASSWD: /bin/a, CHROOT=/x PASSWD: /bin/b, (:g) sha224:aa /bin/c \"\", () /bin/d/, /bin/[e]  x\\,y\t z\n")
	var got []string
	for _, s := range p.Grants[0].Specs {
		got = append(got, fmt.Sprintf("%s %q users %d groups %d nopasswd %v chroot %v digest %v pattern %v",
			s.Command.Path, s.Command.Args, len(s.Runas.Users), len(s.Runas.Groups), s.NoPassword, s.Chroot, s.Command.Digested, s.Command.Pattern()))
	}
	want := []string{
		`/bin/a "" users 1 groups 0 nopasswd true chroot false digest false pattern false`,
		`/bin/b "" users 1 groups 0 nopasswd false chroot true digest false pattern false`,
		`/bin/c "\"\"" users 0 groups 1 nopasswd false chroot true digest true pattern false`,
		`/bin/d/ "" users 0 groups 0 nopasswd false chroot true digest false pattern false`,
		`/bin/[e] "x,y z" users 0 groups 0 nopasswd false chroot true digest false pattern true`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestMatch(t *testing.T) {
	const aliases = "User_Alias A = a, !b : N = !A : SELF = SELF, a\n"
	for list, want := range map[string]Verdict{
		"a":               Yes,
		"b":               Unsaid,
		"!a":              No,
		"ALL":             Yes,
		"ALL, !a":         No,
		"!a, ALL":         Yes,
		"a, !b":           Yes,
		"A":               Yes,
		"!A":              No,
		"N":               No,
		"!N":              Yes,
		"SELF":            Yes,
		"UNDEFINED":       Unsaid,
		"a, !!a":          Yes,
		`"ALL"`:           Unsaid, // a user of that name
		"ALL, !A, ADMINS": No,
	} {
		p := read(aliases + list + " ALL = /bin/a\n")
		got := p.Match(p.Grants[0].Users, UserAlias, func(i Item) bool { return i.Kind == Name && i.Text == "a" })
		if got != want {
			t.Errorf("%s: %d, want %d", list, got, want)
		}
	}
}

func TestItems(t *testing.T) {
	p := read("User_Alias A = a, !b, %g : N = !A\nA, !N, \"x y\", #12, %#13, +net, %:ad, ALL, NONE ALL = /bin/a\n")
	var got []Item
	for i := range p.Items(p.Grants[0].Users, UserAlias) {
		got = append(got, i)
	}
	want := []Item{{Kind: Name, Text: "a"}, {Kind: Group, Text: "g"}, {Kind: Name, Text: "x y"}, {Kind: ID, Text: "12"}, {Kind: GroupID, Text: "13"},
		{Kind: Foreign, Text: "+net"}, {Kind: Foreign, Text: "%:ad"}, {Kind: Any, Text: "ALL"}, {Kind: Name, Text: "NONE"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestIncludes(t *testing.T) {
	texts := map[string]string{
		"main":   "a ALL = /bin/a\n@include one\n#includedir \"two  x\"\n@include a\\ b # c\n#include\n# include no\n @include no\n@includes no\nb ALL = /bin/b\n",
		"one":    "c ALL = T\n",
		"two  x": "Cmnd_Alias T = /bin/t\n@include main\n",
		"a b":    "",
	}
	var asked []Include
	open := func(i Include) []Text {
		if asked = append(asked, i); len(asked) > 1000 {
			return nil
		}
		return []Text{{i.Path, []byte(texts[i.Path])}}
	}
	p := Read(Text{"main", []byte(texts["main"])}, open)
	if want := []Include{{"main", "one", false}, {"main", "two  x", true}, {"two  x", "main", false}}; !slices.Equal(asked[:3], want) {
		t.Errorf("%+v", asked[:3])
	}
	if got := granted(p)[:2]; !slices.Equal(got, []string{"main:1 /bin/a", "two  x:1 /bin/t"}) {
		t.Error(got)
	}
	before := len(p.Grants)
	p.Add(Text{"one", []byte(texts["one"])}, open)
	p.Add(Text{"new", []byte("d ALL = /bin/d")}, open)
	if len(p.Grants) != before+1 {
		t.Errorf("%d grants more, want one", len(p.Grants)-before)
	}
}

func TestDefaults(t *testing.T) {
	p := read("Defaults env_reset, !authenticate\nDefaults:a, %g runas_default = \"git\"\nDefaults>b x+=\"a b\", y = c\\\n, z\nDefaults!/bin/a, /bin/b noexec\nDefaults@h q\nDefaultsx y\nDefaults umask=0022, bad bad\n")
	var got []string
	for _, d := range p.Defaults {
		got = append(got, fmt.Sprintf("%s|%s|%s|%v", d.Scope, d.Name, d.Value, d.Not))
	}
	want := []string{"|env_reset||false", "|authenticate||true", ":a, %g|runas_default|git|false", ">b|x|a b|false", ">b|y|c|false", ">b|z||false",
		"!/bin/a, /bin/b|noexec||false", "@h|q||false", "|umask|0022|false", "|bad||false"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"", "a ALL = /bin/a, !/bin/b \\\n x\n", "Cmnd_Alias A = A, B : B = sha224:00 /x/, ^/y$\nx, %g,#1 ALL = (a:b) NOPASSWD: CWD=/ A : h = ALL\n",
		"@include x\n#includedir y z\n", "Defaults:a x=\"\\\"\", !y\n", "\"a\\\nb\" ALL=/\\,\xff", "\\", "a \\", "a ALL=/a \\", "#-1 ALL=ALL # x \\\n", "a a::b=ALL", "!!", "/\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		includes := 0
		open := func(i Include) []Text {
			if includes++; includes > 100 {
				return nil
			}
			return []Text{{i.Path, []byte(text)}}
		}
		p := Read(Text{"x", []byte(text)}, open)
		for _, g := range p.Grants {
			p.Match(g.Users, UserAlias, func(Item) bool { return false })
			for range p.Items(g.Hosts, HostAlias) {
			}
			for _, s := range slices.Concat(g.Specs, p.Granted(g)) {
				c := s.Command
				if c.At+len(c.Raw) > len(text) || text[c.At:c.At+len(c.Raw)] != c.Raw || c.Raw == "" {
					t.Errorf("%q stands at %d: %+v", c.Raw, c.At, c)
				} else if line := 1 + strings.Count(text[:c.At], "\n"); c.Line != line {
					t.Errorf("%q stands in line %d, not %d", c.Raw, line, c.Line)
				}
				if c.Kind == Program && !strings.HasPrefix(c.Path, "/") {
					t.Errorf("%q is a path", c.Path)
				}
			}
		}
	})
}

// However large a text is, it is read in time that grows with it alone.
func FuzzReadIsLinear(f *testing.F) {
	for _, text := range [][3]string{
		{"", "a ALL=/b\n", ""}, {"a ALL=", "/b,", "/b\n"}, {"a ALL=", "!/b,/c,", "/b\n"}, {"Cmnd_Alias ", "A=B,B:B=C,C:", "D=/x\na ALL=A\n"}, {"", "\"", ""}, {"", "sha224", ":"},
		{"a ALL=/b ", "^", ""}, {"", "a,", ""}, {"", "Defaults x=\"", ""}, {"", "\\\n", ""}, {"", "a\\\n", ""}, {"", "#", ""}, {"", "a:", ""}, {"a ", "f:", "=ALL"}, {"", "!", ""}, {"a ALL=", "ALL: ", ""},
		{"User_Alias ", "A=A,A:", "B=A\nA ALL=ALL\n"}, {"", "A,!", "A ALL=ALL"},
	} {
		f.Add(text[0], text[1], text[2])
	}
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			p := read(text)
			for _, g := range p.Grants {
				p.Granted(g)
			}
			if len(p.Grants) > 0 {
				p.Match(p.Grants[0].Users, UserAlias, func(Item) bool { return false })
			}
		})
	})
}
