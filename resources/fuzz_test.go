package resources

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
	"github.com/makenotwork/mnw-agent/test/linear"
)

// A name that is taken is found in passwd(5) and group(5), whatever it is, and is
// one step of a path. One that is not taken has its reason.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"git", "", ".", "..", "#x", "a#", "a$", "ü", "a b", "-a", "+", "~a", "a~", "123", "a:b", "a,b", "a/b", "\x00", "\x7f", "\u00a0", "\u2028", "\xff", "a\r", strings.Repeat("é", 16), strings.Repeat("a", 33)} {
		f.Add(name)
	}
	dir := f.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "etc"), 0o755); err != nil {
		f.Fatal(err)
	}
	m, err := node.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { m.Close() })
	f.Fuzz(func(t *testing.T, name string) {
		var user UserName
		var group GroupName
		err := user.UnmarshalText([]byte(name))
		if errGroup := group.UnmarshalText([]byte(name)); (err == nil) != (errGroup == nil) {
			t.Fatalf("%q: %v, %v", name, err, errGroup)
		}
		if name == "before" {
			t.Skip()
		}
		if err != nil {
			if _, why, _ := strings.Cut(err.Error(), "is not a name for a user: "); why == "" {
				t.Fatalf("%v: why?", err)
			}
			return
		}
		must(t, os.WriteFile(filepath.Join(dir, "etc/passwd"), []byte("before:x:1:1::/:/\n"+name+":x:4242:4242::/:/bin/sh\n"), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, "etc/group"), []byte(name+":x:4242:a,"+name+",b\n"), 0o644))
		v := m.View()
		if u, ok := v.User(name); !ok || u.UID != 4242 || u.Group != name {
			t.Fatalf("user %q is %+v, %v", name, u, ok)
		}
		if g, ok := v.Group(name); !ok || g.GID != 4242 || !slices.Contains(g.Members, name) {
			t.Fatalf("group %q is %+v, %v", name, g, ok)
		}
		if path.Dir(path.Join("/spool", name)) != "/spool" || path.Base(path.Join("/spool", name)) != name {
			t.Fatalf("%q is no step of a path", name)
		}
	})
}

// A drop-in that is taken is one that sudo reads, in its own directory. The name
// that is proposed for one that is not is taken.
func FuzzSudoersName(f *testing.F) {
	for _, name := range []string{"mnw-git", "", ".", "..", "a.b", "a~", "~", ".~", "a.b~~", "a/b", "\x00", "README", "#x", "a b", strings.Repeat("a", 256)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := &Sudoers{Name: name}
		err := s.checkName()
		ignored := name == "" || name[len(name)-1] == '~' || strings.Contains(name, ".") // read_dir_files of sudo
		isFile := !strings.ContainsAny(name, "/\x00") && len(name) < 256
		if (err == nil) == (ignored || !isFile) {
			t.Fatalf("%q: %v", name, err)
		}
		if err == nil && path.Join(sudoersDir, name) != s.path() {
			t.Fatalf("%q lies at %s", name, s.path())
		}
		if err != nil {
			if _, better, ok := strings.Cut(err.Error(), ": name it "); ok && (&Sudoers{Name: better}).checkName() != nil {
				t.Fatalf("%v: that is no better", err)
			}
		}
	})
}

// The name of a unit is taken when the reader of unit files takes it, and its
// files are where systemd looks for them.
func FuzzUnitName(f *testing.F) {
	for _, name := range []string{"a.service", "a@.service", "a@b@c.timer", ".service", "..service", "a.conf", "-.mount", "a\\x2d.service", "a@b", "a/b.service", "é.service", "a.service\n", strings.Repeat("a", 248) + ".service"} {
		f.Add(name, "limits")
	}
	f.Add("a.service", "../x")
	f.Add("a.service", "x.conf")
	f.Fuzz(func(t *testing.T, name, dropIn string) {
		content := "[Service]\n"
		u := &Unit{Name: name, DropIns: map[string]*DropIn{}}
		err := u.Check()
		if _, errLoad := unitfile.Load(emptyTree{}, name); (err == nil) != (errLoad == nil) {
			t.Fatalf("%q: %v, and the reader says %v", name, err, errLoad)
		}
		if err != nil {
			return
		}
		u.DropIns[dropIn] = &DropIn{Text: Text{Content: &content}}
		if u.Check() == nil {
			at := u.dropIn(dropIn)
			if path.Dir(at) != unitDir+"/"+name+".d" || !strings.HasSuffix(at, ".conf") || path.Base(at)[0] == '.' || path.Dir(u.file()) != unitDir {
				t.Fatalf("the drop-in %q of %q is at %s", dropIn, name, at)
			}
		}
	})
}

// An emptyTree has no files.
type emptyTree struct{}

func (emptyTree) ReadFile(string) ([]byte, error)  { return nil, os.ErrNotExist }
func (emptyTree) Readlink(string) (string, error)  { return "", os.ErrNotExist }
func (emptyTree) ReadDir(string) ([]string, error) { return nil, os.ErrNotExist }

// A path that is taken is one that stays as it is, and the one that is proposed
// for another is taken.
func FuzzPath(f *testing.F) {
	for _, text := range []string{"/", "//", "/a/", "/a/../b", "a", "", "/./\x00", "/a//b", "/\xff", "/..", "/a/."} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p Path
		err := p.UnmarshalText([]byte(text))
		if err == nil && (string(p) != text || text[0] != '/' || strings.Contains(text, "//") || slices.Contains(strings.Split(text, "/"), "..") || strings.Contains(text, "\x00")) {
			t.Fatalf("%q was taken as %q", text, p)
		}
		if err != nil {
			if _, better, ok := strings.Cut(err.Error(), "is not a clean path: write "); ok && p.UnmarshalText([]byte(better)) != nil {
				t.Fatalf("%v: that is no better", err)
			}
		}
	})
}

// A duration that is taken reads the same when it is written.
func FuzzDuration(f *testing.F) {
	for _, text := range []string{"30s", "1h30m", "0", "-1s", "1e3s", "999999999h", "1.5ms", "∞", "5", "+5s", ".s", "1µs", "2562047h47m16.854775807s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again Duration
		if err := d.UnmarshalText([]byte(text)); err != nil {
			return
		}
		written, err := d.MarshalText()
		must(t, err)
		if err := again.UnmarshalText(written); err != nil || again != d || time.Duration(d) < 0 {
			t.Fatalf("%q is written %s and read %v, %v", text, written, again, err)
		}
	})
}

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
	f.Fuzz(func(t *testing.T, name, pattern string) {
		if strings.Contains(name, "/") || strings.Count(pattern, "*") > 8 {
			t.Skip("no user has such a name; the model is too slow for that")
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
