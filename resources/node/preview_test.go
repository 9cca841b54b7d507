package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests make previews of the very machine they run on, in both ways.

// needPreview skips a test where previews cannot be made, and fails it in
// continuous integration, where nothing would be tested.
func needPreview(t *testing.T) *Machine {
	t.Helper()
	m, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	why := error(nil)
	if os.Geteuid() != 0 {
		why = errors.New("a preview needs root")
	} else if o, err := newOverlays(m, t.TempDir(), nil); err != nil {
		why = err
	} else if err := o.close(); err != nil {
		t.Fatal(err)
	}
	if why != nil && os.Getenv("CI") == "true" {
		t.Fatal(why)
	} else if why != nil {
		t.Skip(why)
	}
	return m
}

// bothWays runs a test in a preview of changes made of overlays, and in one made
// of copies, and sees that nothing is left of either.
func bothWays(t *testing.T, changes []Change, test func(t *testing.T, p *Preview)) {
	m := needPreview(t)
	ways := map[string]func(dir string) (scene, error){
		"overlays": func(dir string) (scene, error) { return newOverlays(m, dir, changes) },
		"copies":   func(dir string) (scene, error) { return newCopies(t.Context(), m, dir, changes) },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			dir := inMemory(t)
			s, err := way(dir)
			if err != nil {
				t.Fatal(err)
			}
			p, err := newPreview(t.Context(), s, "", changes)
			if err != nil {
				t.Fatal(err)
			}
			test(t, p)
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			nothingLeft(t, dir)
		})
	}
}

// inMemory is a directory on a file system in memory, where there is one: to
// make copies is quick there.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "preview-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// nothingLeft waits until nothing is mounted on dir in any thread, and sees that
// it is empty.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	mounted := func() bool {
		tables, _ := filepath.Glob("/proc/self/task/*/mountinfo")
		for _, table := range tables {
			if text, _ := os.ReadFile(table); strings.Contains(string(text), dir) {
				return true
			}
		}
		return false
	}
	eventually(t, "something is mounted on "+dir, func() bool { return !mounted() })
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("left in %s: %v %v", dir, names, err)
	}
}

func eventually(t *testing.T, complaint string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(complaint)
		}
	}
}

// aFile makes a file and says how it is to be changed.
func aFile(t *testing.T, dir string) (string, *PathChange) {
	t.Helper()
	at := filepath.Join(dir, "greeting")
	err := errors.Join(os.WriteFile(at, []byte("old\n"), 0o644), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	return at, &PathChange{
		Path: at,
		From: State{Kind: File, Owner: "root", Group: "root", Mode: 0o644, Content: NewContent([]byte("old\n"))},
		To:   State{Kind: File, Owner: "preview-user", Group: "root", Mode: 0o600, Content: NewContent([]byte("new\n"))},
	}
}

func aUser(name string) *UserChange {
	return &UserChange{Name: name, To: UserRecord{
		Present:  true,
		Fields:   map[UserField]string{UserHome: "/nonexistent"},
		OwnGroup: &GroupRecord{Present: true},
	}}
}

func shell(script string) Judge {
	return Judge{Argv: []string{"sh", "-c", script}, Limit: 30 * time.Second}
}

func TestJudgesSeeTheFutureAndLeaveThePresent(t *testing.T) {
	dir := t.TempDir()
	at, change := aFile(t, dir)
	leak := filepath.Join(dir, "leak")
	asUser := shell(fmt.Sprintf("cat %s; stat -c '%%U %%a' %s; id -un; echo $HOME $LANG", at, at))
	asUser.User = "preview-user"
	writing := shell(fmt.Sprintf("echo leak > %s && echo more >> %s && rm /etc/passwd && echo gone > /dev/null", leak, at))
	bothWays(t, []Change{aUser("preview-user"), change}, func(t *testing.T, p *Preview) {
		if v := p.Ask(t.Context(), []Judge{asUser})[0]; v.Refused || v.Words != "new\npreview-user 600\npreview-user\n/nonexistent C.UTF-8" {
			t.Errorf("the user's judge: %+v", v)
		}
		if v := p.Ask(t.Context(), []Judge{writing})[0]; v.Refused {
			t.Errorf("the writing judge: %+v", v)
		}
		if text, err := os.ReadFile(at); string(text) != "old\n" {
			t.Errorf("the file on the node: %q %v", text, err)
		}
		if _, err := os.Lstat(leak); err == nil {
			t.Error("a judge's file is on the node")
		}
	})
}

func TestWhatChangesTakeAwayOrMakeIsSeen(t *testing.T) {
	dir := t.TempDir()
	old, script := filepath.Join(dir, "old"), filepath.Join(dir, "script")
	if err := errors.Join(os.WriteFile(old, nil, 0o644), os.Chmod(old, 0o644), os.WriteFile(filepath.Join(dir, "kept"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	made := State{Kind: File, Owner: "root", Group: "root", Mode: 0o755, Content: NewContent([]byte("#!/bin/sh\nls $1\n"))}
	changes := []Change{
		&PathChange{Path: old, From: State{Kind: File, Owner: "root", Group: "root", Mode: 0o644}},
		&PathChange{Path: script, To: made},
	}
	judge := Judge{Argv: []string{script}, Named: []string{dir}, Reads: []string{dir}, Limit: 30 * time.Second}
	bothWays(t, changes, func(t *testing.T, p *Preview) {
		if v := p.Ask(t.Context(), []Judge{judge})[0]; v.Refused || v.Words != "kept\nscript" {
			t.Errorf("%+v", v)
		}
	})
}

func TestAFileThatMovedIsNotPreviewed(t *testing.T) {
	m := needPreview(t)
	at, change := aFile(t, t.TempDir())
	change.To.Owner = "root"
	if err := os.WriteFile(at, []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err := m.Preview(t.Context(), dir, []Change{change})
	if moved := (*MovedError)(nil); !errors.As(err, &moved) || moved.Subject.Name != at {
		t.Errorf("got %v", err)
	}
	nothingLeft(t, dir)
}

func TestVerdicts(t *testing.T) {
	late := shell("echo begun; sleep 60")
	late.Limit = 200 * time.Millisecond
	judges := []Judge{
		late,
		{Argv: []string{"no-such-judge"}, Limit: time.Second, Package: "judges"},
		shell("echo fine; echo wrong >&2; exit 3"),
		{Argv: []string{"true"}, User: "nobody-at-all"},
		shell("exit 4"),
	}
	judges[2].Calm = []string{"fine"}
	want := []string{
		"sh was still running after 200ms and was killed: begun",
		"there is no program no-such-judge on this node: install the package judges",
		"wrong",
		"it should run as nobody-at-all: there is no such user",
		"sh: exit status 4",
	}
	bothWays(t, nil, func(t *testing.T, p *Preview) {
		for i, v := range p.Ask(t.Context(), judges) {
			if !v.Refused || v.Words != want[i] || v.Missing != (i == 1) {
				t.Errorf("%q: %+v", judges[i].Argv, v)
			}
		}
	})
}

func TestNoProcessOutlivesAJudge(t *testing.T) {
	own := variable()
	hangs := shell("setsid sleep 300 & echo begun; sleep 300")
	hangs.Env, hangs.Limit = []string{own}, 500*time.Millisecond
	agrees := shell("setsid sleep 300 > /dev/null 2>&1 & echo fine")
	agrees.Env = []string{own}
	bothWays(t, nil, func(t *testing.T, p *Preview) {
		verdicts := p.Ask(t.Context(), []Judge{hangs, agrees})
		if v := verdicts[0]; !v.Refused || v.Words != "sh was still running after 500ms and was killed: begun" {
			t.Errorf("the one that hangs: %+v", v)
		}
		if v := verdicts[1]; v.Refused || v.Words != "fine" {
			t.Errorf("the one that agrees: %+v", v)
		}
		if left := processes(t, own); len(left) > 0 {
			t.Errorf("left running: %q", left)
		}
	})
}

// A process that no longer bears the mark of its judge is known by its root.
func TestNoProcessOutlivesAPreview(t *testing.T) {
	var pid int
	bothWays(t, nil, func(t *testing.T, p *Preview) {
		judge := shell("env -i /usr/bin/setsid sleep 60 > /dev/null 2>&1 & echo $!; sleep 0.2")
		verdict := p.Ask(t.Context(), []Judge{judge})[0]
		var err error
		if pid, err = strconv.Atoi(verdict.Words); err != nil {
			t.Fatalf("%+v", verdict)
		}
		gone := func() bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err != nil || strings.Contains(string(stat), ") Z ")
		}
		if gone() {
			t.Error("it has ended too early to tell")
		}
		t.Cleanup(func() { eventually(t, "the judge's child is still there", gone) })
	})
}

func TestTheNodeItselfIsNeverEnded(t *testing.T) {
	root, err := openDirectory("/")
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := errors.Join(unix.Fstat(root, &st), unix.Close(root)); err != nil {
		t.Fatal(err)
	}
	if err := mayBeEnded(&st); err == nil {
		t.Error("every process of the node would be killed")
	}
}

func TestNoJudgeReachesASocketOfTheNode(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	judge := Judge{
		Argv:  []string{program, "-test.run=^TestDial$"},
		Env:   []string{"PREVIEW_TEST_SOCKET=" + socket},
		Limit: 30 * time.Second,
	}
	bothWays(t, nil, func(t *testing.T, p *Preview) {
		if v := p.Ask(t.Context(), []Judge{judge})[0]; v.Refused {
			t.Error(v.Words)
		}
	})
}

// TestDial is the judge of the test above.
func TestDial(t *testing.T) {
	socket := os.Getenv("PREVIEW_TEST_SOCKET")
	if socket == "" {
		t.Skip("runs in a preview")
	}
	_, err := net.Dial("unix", socket)
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a socket of the node answers: %v", err)
	}
}

func TestNoPreviewWithoutPrivileges(t *testing.T) {
	m := &Machine{root: "/", owners: false}
	if _, err := m.Preview(context.Background(), t.TempDir(), nil); !errors.Is(err, ErrNoPreview) {
		t.Errorf("got %v", err)
	}
}
