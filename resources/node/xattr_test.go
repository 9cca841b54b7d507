package node

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	aclAccess  = "system.posix_acl_access"
	aclDefault = "system.posix_acl_default"
)

// acl is an ACL as the kernel has it: the owner may read and write, one user and
// the mask have these permissions, and nobody else has any.
func acl(user uint32, mask uint16) string {
	const version, owner, namedUser, group, masks, others, nobody = 2, 1, 2, 4, 16, 32, 0xffffffff
	text := binary.LittleEndian.AppendUint32(nil, version)
	for _, e := range []struct {
		tag, allows uint16
		id          uint32
	}{{owner, 6, nobody}, {namedUser, mask, user}, {group, 0, nobody}, {masks, mask, nobody}, {others, 0, nobody}} {
		text = binary.LittleEndian.AppendUint16(text, e.tag)
		text = binary.LittleEndian.AppendUint16(text, e.allows)
		text = binary.LittleEndian.AppendUint32(text, e.id)
	}
	return string(text)
}

// mayBind is CAP_NET_BIND_SERVICE as setcap(8) writes it: "cap_net_bind_service=ep".
const mayBind = "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// attributed is a tree with all kinds of attributes: a directory whose files get
// an ACL that the ones in it do not have, and others.
func attributed(t *testing.T) *Machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("capabilities and owners need root")
	}
	m := tree(t, map[string]string{
		"srv/d/program": "#!/bin/sh\n", "srv/d/plain": "plain\n", "srv/d/sub/secret": "secret\n", "srv/d/empty/x": "",
		"etc/passwd": "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n", "etc/group": "root:x:0:\nweb:x:1000:\n",
	})
	at := func(name string) string { return filepath.Join(m.root, "srv", name) }
	err := errors.Join(
		os.Remove(at("d/empty/x")),
		os.Chown(at("d/program"), 0, 1000), os.Chmod(at("d/program"), 0o755|os.ModeSetgid),
		set(at("d/program"), Xattrs{"security.capability": mayBind, "user.note": "of\x00mine\xff", "trusted.note": ""}),
		os.Chmod(at("d/plain"), 0o640),
		os.Chown(at("d/sub/secret"), 1000, 1000), set(at("d/sub/secret"), Xattrs{aclAccess: acl(4711, 4)}),
		set(at("d/sub"), Xattrs{"user.note": "sub"}),
		set(at("d"), Xattrs{aclAccess: acl(4711, 7), aclDefault: acl(4711, 6)}),
		set(at("d/empty"), Xattrs{"trusted.overlay.opaque": "y"}),
	)
	if errors.Is(err, unix.ENOTSUP) {
		t.Skipf("the file system of %s has no attributes: %v", m.root, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func set(path string, x Xattrs) error {
	var errs []error
	for name, value := range x {
		errs = append(errs, unix.Setxattr(path, name, []byte(value), 0))
	}
	return errors.Join(errs...)
}

// A seen is what a test looks at: a state as it is told, and the attributes.
type seen struct {
	state  string
	xattrs Xattrs
}

// everything is all that lies at and below a path.
func everything(t *testing.T, v View, at string) map[string]seen {
	t.Helper()
	all := map[string]seen{}
	state, err := v.Lstat(at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remember(v, at, &state); err != nil {
		t.Fatal(err)
	}
	all[at] = seen{state.String(), state.Xattrs}
	if state.Kind == Directory {
		names, err := v.ReadDir(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			maps.Copy(all, everything(t, v, at+"/"+name))
		}
	}
	return all
}

func same(t *testing.T, what string, got, want map[string]seen) {
	t.Helper()
	for _, at := range slices.Sorted(maps.Keys(want)) {
		if !reflect.DeepEqual(got[at], want[at]) {
			t.Errorf("%s, %s is %q, want %q", what, at, got[at], want[at])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s, there are %d paths, want %d", what, len(got), len(want))
	}
}

// What goes comes back with all its attributes, and with no others.
func TestWhatGoesComesBack(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		at   string
		want Want
	}{
		"a directory with all that is in it": {"/srv/d", Want{Kind: Absent, Replace: true}},
		"a program":                          {"/srv/d/program", Want{Kind: Absent}},
		"a file without an ACL":              {"/srv/d/plain", Want{Kind: Absent}},
		"a file that a link replaces":        {"/srv/d/program", Want{Kind: Symlink, Target: "plain", Replace: true}},
		"a directory that a link replaces":   {"/srv/d", Want{Kind: Symlink, Target: "plain", Replace: true}},
		"a directory that a file replaces":   {"/srv/d", Want{Kind: File, Mode: ModeUnset, Replace: true}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := attributed(t)
			before := everything(t, m.View(), "/srv/d")
			changes, err := Converge(m.View(), c.at, c.want)
			if err != nil {
				t.Fatal(err)
			}
			var back []Change
			for _, c := range changes {
				performed(t, m, c)
				back = append([]Change{c.Inverse()}, back...)
			}
			future := m.View().With(back...)
			delete(before["/srv/d/empty"].xattrs, "trusted.overlay.opaque")
			same(t, "in the future", everything(t, future, "/srv/d"), before)
			for _, c := range back {
				performed(t, m, c)
			}
			same(t, "undone", everything(t, m.View(), "/srv/d"), before)
			if _, err := unix.Getxattr(filepath.Join(m.root, "srv/d/empty"), "trusted.overlay.opaque", nil); c.at == "/srv/d" && err != unix.ENODATA {
				t.Errorf("the attribute of an overlay came back: %v", err)
			}
		})
	}
}

// A file that stays keeps its attributes, whatever else changes, and gets none from its directory.
func TestAttributesAreKept(t *testing.T) {
	t.Parallel()
	for what, want := range map[string]Want{
		"another content":                 {Kind: File, Mode: ModeUnset, Content: NewContent([]byte("new\n"))},
		"another owner":                   {Kind: File, Mode: ModeUnset, Owner: "web"},
		"another group":                   {Kind: File, Mode: ModeUnset, Group: "root"},
		"another mode":                    {Kind: File, Mode: 0o4750},
		"another owner and content":       {Kind: File, Mode: ModeUnset, Owner: "web", Content: NewContent([]byte("new\n"))},
		"another owner, mode and content": {Kind: File, Mode: 0o6711, Owner: "web", Group: "web", Content: NewContent([]byte("new\n"))},
	} {
		for _, name := range []string{"program", "plain", "sub/secret"} {
			t.Run(what+" of "+name, func(t *testing.T) {
				t.Parallel()
				m := attributed(t)
				at := "/srv/d/" + name
				before := everything(t, m.View(), at)[at]
				changes, err := Converge(m.View(), at, want)
				if err != nil {
					t.Fatal(err)
				}
				if len(changes) == 0 {
					t.Skip("it is as declared")
				}
				if future, err := m.View().With(changes...).Xattrs(at); err != nil || !reflect.DeepEqual(future, before.xattrs) {
					t.Errorf("in the future: %q, want %q: %v", future, before.xattrs, err)
				}
				v := performed(t, m, changes[0])
				after := everything(t, v, at)[at]
				if want.Mode != ModeUnset && before.xattrs[aclAccess] != "" {
					before.xattrs[aclAccess] = after.xattrs[aclAccess] // whose mask follows the mode
				}
				if !reflect.DeepEqual(after.xattrs, before.xattrs) {
					t.Errorf("it has %q, want %q", after.xattrs, before.xattrs)
				}
				if left, err := Converge(v, at, want); err != nil || len(left) > 0 {
					t.Errorf("left to do: %v, %v", left, err)
				}
				performed(t, m, changes[0].Inverse())
				before.xattrs = after.xattrs
				if want.Mode != ModeUnset && name == "sub/secret" {
					before.xattrs[aclAccess] = acl(4711, 4)
				}
				same(t, "undone", everything(t, m.View(), at), map[string]seen{at: before})
			})
		}
	}
}

func TestXattrsOfAFuture(t *testing.T) {
	t.Parallel()
	m := attributed(t)
	v := m.View()
	file := State{Kind: File, Owner: "root", Group: "root", Mode: 0o644, Content: NewContent(nil)}
	gone, err := Converge(v, "/srv/d/program", Want{Kind: Absent})
	if err != nil {
		t.Fatal(err)
	}
	note := Xattrs{"user.note": "new"}
	noted := file
	noted.Xattrs = note
	altered := func(from State) Change {
		to := from
		to.Mode, to.Content, to.Xattrs = 0o600, nil, nil
		from.Content = nil
		return &PathChange{Path: "/srv/d/program", From: from, To: to}
	}
	if got, err := v.With(gone...).Xattrs("/srv/d/program"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a file that goes: %q, %v", got, err)
	}
	if got, err := v.With(&PathChange{Path: "/srv/d", To: State{Kind: Directory}}).Xattrs("/srv/d/program"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is new: %q, %v", got, err)
	}
	for what, c := range map[string]struct {
		at      string
		changes []Change
		want    Xattrs
	}{
		"a file beside":                      {"/srv/d/sub/secret", gone, Xattrs{aclAccess: acl(4711, 4)}},
		"a new one":                          {"/srv/d/program", append(gone, &PathChange{Path: "/srv/d/program", To: file}), nil},
		"a new one, altered":                 {"/srv/d/program", append(gone, &PathChange{Path: "/srv/d/program", To: file}, altered(file)), nil},
		"one that comes back":                {"/srv/d/program", append(gone, &PathChange{Path: "/srv/d/program", To: noted}), note},
		"one that comes back and is altered": {"/srv/d/program", append(gone, &PathChange{Path: "/srv/d/program", To: noted}, altered(noted)), note},
	} {
		got, err := v.With(c.changes...).Xattrs(c.at)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q: %v", what, got, c.want, err)
		}
		stacked := View(v)
		for _, change := range c.changes {
			stacked = stacked.With(change)
		}
		if got, err := stacked.Xattrs(c.at); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s, one future on another: %q, want %q: %v", what, got, c.want, err)
		}
	}
}

// What a file system has no place for is left out; a link is not followed.
func TestXattrsThatCannotBe(t *testing.T) {
	t.Parallel()
	m := attributed(t)
	file := State{Kind: File, Owner: "root", Group: "root", Mode: 0o644, Content: NewContent(nil), Xattrs: Xattrs{"nowhere.known": "x", "user.note": "known"}}
	v := performed(t, m, &PathChange{Path: "/srv/new", To: file})
	if got, err := v.Xattrs("/srv/new"); err != nil || !reflect.DeepEqual(got, Xattrs{"user.note": "known"}) {
		t.Errorf("got %q, %v", got, err)
	}
	v = performed(t, m, &PathChange{Path: "/srv/link", To: State{Kind: Symlink, Owner: "root", Group: "root", Target: "new"}})
	if got, err := v.Xattrs("/srv/link"); err != nil || got != nil {
		t.Errorf("of a link: %q, %v", got, err)
	}
	if got, err := v.Xattrs("/srv/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %q, %v", got, err)
	}
}

func TestXattrsInJSON(t *testing.T) {
	t.Parallel()
	for _, x := range []Xattrs{nil, {}, {aclAccess: acl(1, 7), "user.text": "text", "user.none": "", "user.odd": "\xff\x00"}} {
		text, err := json.Marshal(State{Xattrs: x})
		var back State
		if err := errors.Join(err, json.Unmarshal(text, &back)); err != nil || !reflect.DeepEqual(back.Xattrs, x) {
			t.Errorf("%q became %q: %v\n%s", x, back.Xattrs, err, text)
		}
	}
}
