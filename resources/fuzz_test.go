package resources

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/test/linear"
)

// Edits that a manifest may hold do what they say, and a second time nothing;
// what they are not about stays.
func FuzzEdit(f *testing.F) {
	f.Add("a\nb\r\n", "a", "b", "c", "d", "x")
	f.Add("aabb", "ab", "", "", "", "")
	f.Add("axb", "ab", "c", "x", "", "")
	f.Add("aab", "ab", "bbaa", "", "", "")
	f.Add("/opt/old/x\n/opt/old", "/opt/old", "/opt/old/x", "", "", "/opt/old/x")
	f.Add("aaab aab ab b", "aa", "aab", "b", "b", "\r")
	f.Add("x", "x", "y", "", "", "axb")
	f.Add("\n\n\n\n\n", "\n\n", "\n", "", "", "")
	f.Add("aab", "\n\n", "\n", "", "", "")
	f.Fuzz(func(t *testing.T, text, old1, new1, old2, new2, line string) {
		e := Edit{Replace: map[string]string{old1: new1}, Lines: []string{line}}
		if old2 != "" {
			e.Replace[old2] = new2
		}
		if e.check() != nil {
			return
		}
		got, err := e.apply([]byte(text))
		if err != nil {
			return
		}
		if again, err := e.apply(got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%+v: %q becomes %q, and that %q, %v", e, text, got, again, err)
		}
		if !slices.ContainsFunc(strings.SplitAfter(string(got), "\n"), func(have string) bool { return strings.TrimRight(have, "\r\n") == line }) {
			t.Fatalf("%+v: the line is not in %q", e, got)
		}
		touched := false
		for old, new := range e.Replace {
			if !strings.Contains(new, old) && bytes.Contains(got, []byte(old)) {
				t.Fatalf("%+v: %q is left in %q", e, old, got)
			}
			touched = touched || strings.Contains(text+"\n"+line+"\n", old)
		}
		if !touched && !bytes.HasPrefix(got, []byte(text)) {
			t.Fatalf("%+v: %q becomes %q", e, text, got)
		}
	})
}

// Words that are written with quotes are read as the same words, and a comment
// behind them as none.
func FuzzSSHDWords(f *testing.F) {
	for _, line := range []string{"Match User=\"a b\" # c", "AuthorizedKeysFile 'x' %h/.ssh/keys\r\n", `AllowUsers a"b c"d e\ f \\ \"`, "= \"x\" y", "a\fb \f", "Match =\t=", "a '", "#", "a#b #c"} {
		f.Add(line)
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, line string) {
		words := sshdWords(line)
		if len(words) == 0 || strings.ContainsAny(words[0], "\"\n") {
			return
		}
		quoted := `"` + words[0] + `" `
		for _, word := range words[1:] {
			if strings.EqualFold(words[0], "match") {
				if strings.ContainsAny(word, `"`) {
					return
				}
				quoted += `"` + word + `" `
				continue
			}
			quoted += `"` + escape.Replace(word) + `"` + "\t"
		}
		if got := sshdWords(quoted + "# x"); !slices.Equal(got, words) {
			t.Fatalf("%q: %q, quoted %q: %q", line, words, quoted, got)
		}
	})
}

// A name is like a pattern when sshd says so.
func FuzzSSHDPattern(f *testing.F) {
	for _, pattern := range []string{"git", "g*", "?it", "*", "", "[a-z]it", `g\it`, "**t", "!git", "a,git", "*,!git", "g-t"} {
		f.Add("git", pattern)
	}
	f.Add("a[b", "a[b")
	f.Add("é", "?") // two bytes
	f.Fuzz(func(t *testing.T, name, pattern string) {
		if strings.Count(pattern, "*") > 4 || len(name) > 100 {
			t.Skip("the model is too slow for that")
		}
		if got, want := likePattern(name, pattern), matchPattern(name, pattern); got != want {
			t.Fatalf("%q is like %q: %v, and sshd says %v", name, pattern, got, want)
		}
		if inPatternList([]string{name}, pattern+",!*") {
			t.Fatalf("%q is in a list that rules all out", name)
		}
	})
}

// matchPattern is match_pattern of OpenSSH.
func matchPattern(s, pattern string) bool {
	for ; pattern != ""; s, pattern = s[1:], pattern[1:] {
		if pattern[0] == '*' {
			for i := 0; i <= len(s); i++ {
				if matchPattern(s[i:], pattern[1:]) {
					return true
				}
			}
			return false
		}
		if s == "" || pattern[0] != '?' && pattern[0] != s[0] {
			return false
		}
	}
	return s == ""
}

// An import is found however its path is quoted.
func FuzzImports(f *testing.F) {
	for _, name := range []string{"sites/*.caddy", "a b", `a"b`, "a`b", `a\`, `\\"`, "\u00a0", "#x"} {
		f.Add("{\n}\n", name, "import\nimportant x\n")
	}
	f.Fuzz(func(t *testing.T, above, name, below string) {
		if name == "" || strings.Contains(name, "\n") {
			t.Skip()
		}
		want := slices.Concat(imports(above+"\n"), []string{name, name}, imports(below))
		words := []string{"\"" + strings.NewReplacer(`"`, `\"`).Replace(name) + "\"", "`" + name + "`"}
		if strings.ContainsAny(name, "\\`\r") { // neither can hold it
			return
		}
		if got := imports(above + "\n\timport " + words[0] + " arg\n import\t" + words[1] + "\r\n" + below); !slices.Equal(got, want) {
			t.Fatalf("%q are imported, want %q", got, want)
		}
	})
}

// Whatever stands in sshd's and shadow's files, a user is examined.
func FuzzLogin(f *testing.F) {
	f.Add("PermitRootLogin no\nAllowUsers a\nMatch all\nUsePAM yes\nInclude *\n", "git:!:::::::\n", "AuthorizedKeysFile %h/%u/%%\n")
	f.Add("Match", "git:*:20000:0:1:7:0:-5:\ngit", "Include /etc/ssh/sshd_config.d/*\n")
	f.Fuzz(func(t *testing.T, config, shadow, included string) {
		v := draw(t, "f /etc/ssh/sshd_config 0644 root:root "+config, "f /etc/shadow 0640 root:root "+shadow,
			"f /etc/ssh/sshd_config.d/a.conf 0644 root:root "+included, "f /usr/sbin/sshd 0755 root:root ")
		for _, reason := range refusals(v, node.User{Name: "git", Group: "git", Home: "/home/git", Shell: "/bin/sh"}) {
			if reason.Error() == "" {
				t.Fatal("a refusal has no reason")
			}
		}
	})
}

func FuzzLong(f *testing.F) {
	for _, piece := range []string{"AllowUsers a b\n", "a ", "'", `\"`, "Match User git\n", "import /a/b\n", "import x*\n", "a\n", "ab", "a,!"} {
		f.Add("", piece, "")
	}
	f.Add("Match User ", "a,!", "\n")
	f.Add("AllowUsers ", "'", "\n")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			sshdWords(text)
			inPatternList([]string{"git", "www-data"}, text)
			imports(text)
			e := Edit{Replace: map[string]string{"a": "aa", "x": ""}, Lines: []string{"x", "y"}}
			_, _ = e.apply([]byte(text))
			e = Edit{Replace: map[string]string{"ab": "b"}, Lines: strings.Split(text, "\n")}
			_, _ = e.apply([]byte(text))
		})
	})
}

// Whatever a drop-in holds, it can be examined.
func FuzzSudoersLint(f *testing.F) {
	for _, text := range []string{
		"git, %shared, ALL ALL=(ALL, !root : ALL) /opt/tool, /opt/, /op*, !/opt/tool, ALL\n", "User_Alias A = A, !B : B = A\nA ALL = /\n",
		"#0 ALL = /../opt/tool//, /opt/[, /opt/*/\n", "Runas_Alias R = #995\n%#44 ALL = (R) /opt/tool\n@include /etc/sudoers.d/x\n", "@includedir x\ngit node = /opt/l\n",
	} {
		f.Add(text)
	}
	base := draw(f, "f /usr/bin/sudo 4755 root:root", "f /etc/sudoers 0440 root:root @includedir /etc/sudoers.d\n", "f /opt/tool 0777 git:shared", "l /opt/l l", "d /opt 1777 friend:root")
	f.Fuzz(func(t *testing.T, text string) {
		v := base.With(&node.PathChange{Path: "/etc/sudoers.d/x", To: node.State{Kind: node.File, Owner: "root", Group: "root", Mode: 0o440, Content: node.NewContent([]byte(text))}})
		l := (&Sudoers{Name: "x"}).lint(sketch{v.(*node.Future)})
		for _, said := range slices.Concat(l.refusals, l.remarks) {
			if !strings.HasPrefix(said, "/etc/sudoers") {
				t.Errorf("%q has no place", said)
			}
		}
	})
}
