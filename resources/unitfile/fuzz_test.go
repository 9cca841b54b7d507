package unitfile

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/linear"
)

// memTree is a tree of files, directories and links, "-> " and where they lead.
type memTree map[string]string

func (m memTree) ReadFile(p string) ([]byte, error) {
	p, err := resolve(m, p, true)
	text, ok := m[p]
	if err != nil || !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func (m memTree) Readlink(p string) (string, error) {
	if text, ok := m[p]; ok {
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			return target, nil
		}
		return "", fs.ErrInvalid
	}
	_, err := m.ReadDir(p)
	if err == nil {
		err = fs.ErrInvalid
	}
	return "", err
}

func (m memTree) ReadDir(p string) ([]string, error) {
	var names []string
	for file := range m {
		if rest, ok := strings.CutPrefix(file, path.Clean(p)+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
		}
	}
	if names == nil {
		return nil, fs.ErrNotExist
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// What a unit file and a drop-in say together is what they say one after the
// other: no reset and no section is lost between them.
func FuzzParse(f *testing.F) {
	f.Add("[Service]\nExecStart=/bin/a \\\n# no\n b\nEnvironment=A", "[Service]\nExecStart=\nExecStart=/bin/b\n")
	f.Add("\ufeff[A]\r\nb=c\\\r\n", "d=e\n[A]\nb=\x00")
	f.Add("[A]\n=\n[A\nx=y", "[B]\n;x\\\nx=\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		first, errFirst := Parse([]byte(a))
		second, errSecond := Parse([]byte(b))
		both, errBoth := Parse([]byte(a + "\n\n[X-end]\n" + strings.TrimPrefix(b, "\ufeff")))
		if errFirst != nil {
			second, errSecond = nil, nil
		}
		if (errBoth != nil) != (errFirst != nil || errSecond != nil) {
			t.Fatalf("%v, %v, together %v", errFirst, errSecond, errBoth)
		}
		ofEnd := func(s Setting) bool { return s.Section == "X-end" }
		apart, both := slices.DeleteFunc(append(first, second...), ofEnd), slices.DeleteFunc(both, ofEnd)
		for i := range apart {
			apart[i].Line = 0
			if key := apart[i].Key; key == "" || key != strings.Trim(key, white) || strings.Contains(key, "=") {
				t.Fatalf("key %q", key)
			}
		}
		for i := range both {
			both[i].Line = 0
		}
		if len(apart)+len(both) > 0 && !reflect.DeepEqual(apart, both) {
			t.Fatalf("apart\n%#v\ntogether\n%#v", apart, both)
		}
		sameWritten(t, both)
	})
}

// sameWritten holds that settings are read again from what a person would write.
func sameWritten(t *testing.T, settings []Setting) {
	t.Helper()
	var text strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&text, "[%s]\n%s = %s\n", s.Section, s.Key, s.Value)
	}
	again, err := Parse([]byte(text.String()))
	for i := range again {
		again[i].Line = 0
	}
	if err != nil || !slices.Equal(again, settings) {
		t.Fatalf("%q\nis read as\n%#v, %v, and not\n%#v", text.String(), again, err, settings)
	}
}

// Whatever a unit says, all of it can be asked for.
func FuzzLoad(f *testing.F) {
	f.Add("[Service]\nExecStart=-@/bin/a \"b\\x41\" ; c \\;\nEnvironment='A=%i' B=\\u00e4\nUser=%H\n", "[Install]\nAlso=%j\nAlias=a@%i.service\nDefaultInstance=x\n")
	f.Add("[Service]\nEnvironmentFile=-%f/*\nWorkingDirectory=-~\nPassEnvironment=A \"\n", "[Install]\nWantedBy=%n.wants x@.target\n")
	f.Fuzz(func(t *testing.T, fragment, dropin string) {
		tree := memTree{
			"/etc/systemd/system/a@.service":                 fragment,
			"/etc/systemd/system/a@b-\\x2d.service.d/1.conf": dropin,
		}
		for _, name := range []string{"a@.service", "a@b-\\x2d.service"} {
			u, err := Load(tree, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range u.Commands("ExecStart") {
				if c.Path == "" || len(c.Argv) == 0 {
					t.Fatalf("command %v", c)
				}
			}
			for _, e := range u.EnvironmentFiles() {
				if !path.IsAbs(e.Path) {
					t.Fatalf("environment file %v", e)
				}
			}
			for _, e := range u.Environment() {
				if name, _, ok := strings.Cut(e, "="); !ok || !isVariable(name) {
					t.Fatalf("assignment %q", e)
				}
			}
			_, _, _, _, _ = u.UnsetEnvironment(), u.User(), u.Group(), u.Type(), u.CanReload()
			links, err := EnableLinks(tree, name)
			for link := range links {
				if err != nil || !strings.HasPrefix(link, ConfigDir+"/") || strings.Contains(link, "..") {
					t.Fatalf("link %q, %v", link, err)
				}
			}
			if _, err := DisableLinks(tree, name); err != nil {
				t.Fatal(err)
			}
			_, _ = FileState(tree, name)
		}
	})
}

// What is enabled is enabled, and nothing is left to do; what is disabled again
// has no link left.
func FuzzEnable(f *testing.F) {
	f.Add("[Install]\nWantedBy=multi-user.target x@.target\nAlias=b.service\n", "[Install]\nWantedBy=\nAlso=b@c.service\nRequiredBy=%n\n", "")
	f.Add("[Install]\nAlias=b@%i.service multi-user.target.wants/a@.service\nDefaultInstance=x\n", "", "../a@.service")
	f.Add("[Install]\nWantedBy=%j.target\nAlso=a.service\n", "[Install]\nAlias=/dev/null\n", "/usr/lib/systemd/system/a.service")
	f.Fuzz(func(t *testing.T, plain, template, target string) {
		tree := memTree{
			"/usr/lib/systemd/system/a.service":  plain,
			"/usr/lib/systemd/system/a@.service": template,
			"/etc/machine-id":                    "0123456789abcdef0123456789abcdef\n",
		}
		if target != "" {
			tree[ConfigDir+"/x.target.wants/a.service"] = "-> " + target
		}
		for _, name := range []string{"a.service", "a@.service", "a@b.service"} {
			links, err := EnableLinks(tree, name)
			if err != nil {
				continue
			}
			enabled := maps.Clone(tree)
			for at, to := range links {
				enabled[at] = "-> " + to
			}
			if again, err := EnableLinks(enabled, name); err != nil || len(again) > 0 {
				t.Fatalf("%s is to be enabled again: %v, %v, of\n%q", name, again, err, enabled)
			}
			disabled, err := DisableLinks(enabled, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range disabled {
				if _, ok := enabled[at]; !ok {
					t.Fatalf("%s: there is no link %s in\n%q", name, at, enabled)
				}
				delete(enabled, at)
			}
			if again, err := DisableLinks(enabled, name); err != nil || len(again) > 0 {
				t.Fatalf("%s is to be disabled again: %q, %v, of\n%q", name, again, err, enabled)
			}
		}
	})
}

// A unit is read in time that does not grow with the square of its files.
func FuzzLong(f *testing.F) {
	for _, piece := range []string{
		"ExecStart=/bin/a\n", "\\\n", "a=\\\n#\n", "\r\n\x00", "Environment=A=%i\n", "WantedBy=a.target\n", "Also=a.service b.service\n",
		"EnvironmentFile=/a/*\n", "Alias=%i.service\n", "[A]\n", "Type=x\n",
	} {
		f.Add("[Service]\n", piece, "")
	}
	f.Add("[Install]\n", "WantedBy=a.target\n", "\n[Service]\nExecStart=")
	f.Add("[Install]\n", "Also=a.service b.service\n", "")
	f.Add("[Install]\n", "Alias=%i.service\n", "")
	f.Add("[Service]\nExecStart=/bin/a ", `"\x41" ; `, "")
	f.Add("[Service]\nExecStart=/bin/", "%f%h", "\n")
	f.Add("[Service]\nEnvironment=", "A=b ", "\n")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			tree := memTree{ConfigDir + "/a@.service": text, ConfigDir + "/a@b.service.d/1.conf": text}
			u, err := Load(tree, "a@b.service")
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"ExecStart", "ExecReload"} {
				u.Commands(key)
			}
			_, _, _, _ = u.Environment(), u.EnvironmentFiles(), u.UnsetEnvironment(), u.CanReload()
			_, _ = EnableLinks(tree, "a@b.service")
			_, _ = DisableLinks(tree, "a@b.service")
			_, _ = FileState(tree, "a@b.service")
		})
	})
}
