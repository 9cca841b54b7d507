package unitfile

import (
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// memTree is a tree of files and directories without links.
type memTree map[string]string

func (m memTree) ReadFile(p string) ([]byte, error) {
	text, ok := m[p]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func (m memTree) Readlink(p string) (string, error) {
	if _, ok := m[p]; ok {
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
	})
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
