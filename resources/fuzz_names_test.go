package resources

import (
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
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

// What a check may ask for can be asked for, and no error tells the password of a
// URL.
func FuzzCheck(f *testing.F) {
	f.Add("api", "http://127.0.0.1:3000/health", "127.0.0.1:5432", "secret")
	f.Add("a.b-c", "https://[::1]:0", "[::1]:70000", "pass/word")
	f.Add("..", "http://a b/", ":1", "12345678/x")
	f.Add("é", "HTTP://x:y@h\x7f", "h:http", "%zz%40@")
	f.Fuzz(func(t *testing.T, name, at, tcp, password string) {
		c := &Check{Name: name, HTTP: at}
		if c.HTTP != "" && c.Check() == nil {
			request, err := http.NewRequest(http.MethodGet, at, nil)
			if err != nil || request.URL.Hostname() == "" {
				t.Fatalf("%q was taken: %v", at, err)
			}
			if _, has := request.URL.User.Password(); has && len(c.Conceals()) == 0 && !strings.Contains(at, ":@") {
				t.Fatalf("the password in %q is not concealed", at)
			}
		}
		if c = (&Check{Name: name, TCP: tcp}); c.TCP != "" && c.Check() == nil {
			if host, port, err := net.SplitHostPort(tcp); err != nil || host == "" || strings.Trim(port, "0123456789") != "" {
				t.Fatalf("%q was taken: %v", tcp, err)
			}
		}
		c = &Check{Name: "x", HTTP: "http://user:" + password + "@host:1/"}
		if err := c.Check(); err != nil && len(password) >= 4 && strings.Contains(err.Error(), password) {
			t.Fatalf("%v: that is the password", err)
		}
	})
}
