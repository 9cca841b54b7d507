package node

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// began is when the run began that was killed.
var began = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// leave puts files into a directory as if a run that began then had left them.
func leave(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		at := filepath.Join(dir, name)
		err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(at, []byte("secret"), 0o600), os.Chtimes(at, began, began))
		if err != nil {
			t.Fatal(err)
		}
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestSweep(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"etc/passwd": "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n"})
	dir := filepath.Join(m.root, "srv")
	stay := []string{".motd.mnw-agent-", ".motd.mnw-agent-12x", ".motd.mnw-agent-+1", ".motd.mnw-agent-12345678901234567890", ".motd.mnw-agent",
		".motd1234", ".motd2.mnw-agent-12", ".xmotd.mnw-agent-12", "motd.mnw-agent-12", "motd", ".mnw-agent-12", "hard-link"}
	leave(t, dir, stay...)
	leave(t, dir, ".motd.mnw-agent-1", ".motd.mnw-agent-1234567890123456789", ".motd.mnw-agent-4", ".motd.mnw-agent-5")
	at := func(number string) string { return filepath.Join(dir, ".motd.mnw-agent-"+number) }
	long := strings.Repeat("ü", 127) + "x"
	err := errors.Join(
		os.Symlink("target", at("2")),
		os.Link(filepath.Join(dir, "hard-link"), at("3")),
		os.Chtimes(at("4"), began.Add(-3*time.Second), began.Add(-3*time.Second)),
		os.Chtimes(at("5"), began.Add(-time.Second), began.Add(-time.Second)), // as coarse as a clock may be
		os.Mkdir(at("6"), 0o755),
		unix.Mkfifo(at("7"), 0o600),
	)
	stay = append(stay, ".motd.mnw-agent-3", ".motd.mnw-agent-4", ".motd.mnw-agent-6", ".motd.mnw-agent-7")
	if os.Geteuid() == 0 {
		leave(t, dir, ".motd.mnw-agent-8", ".motd.mnw-agent-9")
		stay = append(stay, ".motd.mnw-agent-9")
		err = errors.Join(err, os.Chown(at("8"), 1000, 0), os.Chown(at("9"), 1001, 0))
	}
	leave(t, dir, place{name: long}.temporary())
	if err := errors.Join(err, os.Chtimes(at("8"), began, began)); err != nil && os.Geteuid() == 0 {
		t.Fatal(err)
	}
	slices.Sort(stay)
	for _, c := range []Change{
		&PathChange{Path: "/srv/motd", To: State{Kind: File, Owner: "web"}},
		&PathChange{Path: "/srv/" + long, To: State{Kind: File, Owner: "nobody-at-all"}},
		&PathChange{Path: "/not/there", To: State{Kind: File}},
		&ManagerReload{},
	} {
		if err := m.Sweep(c, began); err != nil {
			t.Errorf("%s: %v", c.Line(), err)
		}
	}
	if got := names(t, dir); !slices.Equal(got, stay) {
		t.Errorf("left are %q\nwant %q", got, stay)
	}
}

// The changes that are no paths write files, too, where nothing runs.
func TestSweepOffline(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Change{
		"etc/.passwd.mnw-agent-1":                  &UserChange{Name: "web"},
		"etc/.shadow.mnw-agent-1":                  &UserChange{Name: "web"},
		"etc/.group.mnw-agent-1":                   &GroupChange{Name: "web"},
		"etc/.gshadow.mnw-agent-1":                 &GroupChange{Name: "web"},
		"var/spool/cron/crontabs/.web.mnw-agent-1": &CrontabChange{User: "web"},
	} {
		m := tree(t, nil)
		for _, offline := range []bool{false, true} {
			m.offline = offline
			leave(t, filepath.Join(m.root, filepath.Dir(name)), filepath.Base(name))
			if err := m.Sweep(c, began); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(filepath.Join(m.root, name)); (err == nil) == offline {
				t.Errorf("offline %t: %s: %v", offline, name, err)
			}
		}
		m.offline = true
	}
}

// What a run that dies leaves of a draft is what Sweep knows: nothing, or a name.
func TestDrafts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"motd", strings.Repeat("x", 255), strings.Repeat("ü", 100)} {
		m := tree(t, map[string]string{"srv/" + name: "old\n"})
		dir := filepath.Join(m.root, "srv")
		p, err := m.place("/srv/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		nameless, err := m.draft(p, NewContent([]byte("new\n")))
		if err != nil {
			t.Fatal(err)
		}
		if nameless.temporary != "" {
			t.Skipf("the file system of %s has no files without names", dir)
		}
		if got := names(t, dir); len(got) != 1 {
			t.Errorf("beside a file without a name are %q", got)
		}
		quick := &Machine{root: m.root, rootFD: m.rootFD, offline: true, quick: true}
		named, err := quick.draft(p, NewContent([]byte("newer\n")))
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Symlinkat("x", p.dir, p.temporary()); err != nil {
			t.Fatal(err)
		}
		if got := names(t, dir); len(got) != 3 || !p.isTemporary(named.temporary) {
			t.Errorf("beside one with a name are %q", got)
		}
		change := &PathChange{Path: p.path}
		if err := m.Sweep(change, time.Now()); err != nil {
			t.Error(err)
		}
		if got := names(t, dir); len(got) != 1 || text(t, m, "srv/"+name) != "old\n" {
			t.Errorf("swept, there are %q", got)
		}

		if err := named.settle(true); err == nil {
			t.Error("a file that was swept away gets a name")
		}
		named.discard()
		if err := nameless.settle(false); err != nil {
			t.Error(err)
		}
		nameless.discard()
		if named, err = quick.draft(p, NewContent(nil)); err != nil {
			t.Fatal(err)
		}
		named.discard()
		if got := names(t, dir); len(got) != 1 || text(t, m, "srv/"+name) != "new\n" {
			t.Errorf("in the end there are %q, and it holds %q", got, text(t, m, "srv/"+name))
		}
	}
}

// Where something cannot be made, nothing is left of it.
func TestNothingIsLeftOfAFailure(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("owners need root")
	}
	m := tree(t, map[string]string{"srv/old": "old\n"})
	nobody := func(s State) State { s.Owner = "nobody-at-all"; return s }
	for what, c := range map[string]*PathChange{
		"a file":      {Path: "/srv/new", To: nobody(State{Kind: File, Content: NewContent(nil)})},
		"a directory": {Path: "/srv/new", To: nobody(State{Kind: Directory})},
		"a link":      {Path: "/srv/new", To: nobody(State{Kind: Symlink, Target: "x"})},
		"a long name": {Path: "/srv/" + strings.Repeat("x", 256), To: State{Kind: File, Content: NewContent(nil)}},
		"over a directory": {Path: "/srv", From: State{Kind: Directory, Mode: 0o755},
			To: State{Kind: File, Content: NewContent(nil), Xattrs: Xattrs{}}},
	} {
		for _, quick := range []bool{false, true} {
			m.quick = quick
			if err := m.Perform(t.Context(), c); err == nil {
				t.Errorf("%s was made", what)
			}
			if got := names(t, filepath.Join(m.root, "srv")); !slices.Equal(got, []string{"old"}) {
				t.Errorf("left of %s are %q", what, got)
			}
			if got := names(t, m.root); !slices.Equal(got, []string{"srv"}) {
				t.Errorf("left of %s are %q", what, got)
			}
		}
	}
}
