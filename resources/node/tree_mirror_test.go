package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// homeTree is a tree with all that a copy keeps, or as much of it as the caller may
// make.
func homeTree(t *testing.T) *Machine {
	t.Helper()
	m := tree(t, map[string]string{
		"home/plain": "plain\n", "home/repo/one": "object\n", "home/ \n'*\xff": "odd\n", "home/" + strings.Repeat("n", 255): "long\n",
		"home/empty/x": "", "home/setuid": "#!/bin/sh\n", "home/readonly": "ro\n",
	})
	at := func(name string) string { return filepath.Join(m.root, "home", name) }
	must(t,
		os.Remove(at("empty/x")), os.Link(at("repo/one"), at("repo/two")), os.Link(at("repo/one"), at("three")),
		os.Symlink("repo/one", at("link")), os.Symlink("/etc/shadow", at("out")), unix.Mkfifo(at("fifo"), 0o600), os.Chmod(at("fifo"), 0o620),
		os.Chmod(at("readonly"), 0o400), os.Chmod(at("repo"), 0o2751|os.ModeSetgid), os.Chmod(at("empty"), 0o777|os.ModeSticky),
		os.Truncate(at("plain"), 0), sparse(at("sparse")), os.Chtimes(at("plain"), time.Unix(1, 5), time.Unix(1600000000, 123456789)),
	)
	if os.Geteuid() == 0 {
		must(t, os.Chown(at("setuid"), 1000, 1001), os.Lchown(at("link"), 1000, 1001), set(at("setuid"), Xattrs{"security.capability": mayBind, "user.note": "x\x00"}),
			set(at("repo/one"), Xattrs{aclAccess: acl(4711, 4)}), unix.Mknod(at("null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	}
	must(t, os.Chmod(at("setuid"), 0o755|os.ModeSetuid))
	return m
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// sparse is a file with data in the middle of a hole.
func sparse(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte("middle"), 32<<20)
	return errors.Join(err, f.Truncate(64<<20), f.Close())
}

func perform(t *testing.T, m *Machine, changes ...Change) {
	t.Helper()
	for _, c := range changes {
		if err := m.Perform(context.Background(), c); err != nil {
			t.Fatalf("%s: %v", c.Line(), err)
		}
	}
}

func moveHome() (*TreeCopy, *TreeSync, *TreeLook) {
	return &TreeCopy{From: "/home", To: "/new"}, &TreeSync{From: "/home", To: "/new"}, &TreeLook{From: "/home", To: "/new"}
}

// sameTrees fails unless a pass finds no difference, in content either.
func sameTrees(t *testing.T, m *Machine, from, to string) {
	t.Helper()
	a, err := m.openTrees(from, to)
	must(t, err)
	defer a.close()
	fd, err := a.to.openTop()
	must(t, err)
	pass, err := m.mirror(a.from, fd, time.Time{})
	must(t, err)
	must(t, pass.level(context.Background(), a.from, fd, ""), pass.finish(a.from, fd, "."))
	if pass.fixed > 0 {
		t.Errorf("%s is not like %s: %s, and %d in all", to, from, pass.last, pass.fixed)
	}
}

// A copy keeps everything, and leaves the tree that it was made of as it is.
func TestCopyKeeps(t *testing.T) {
	m := homeTree(t)
	bulk, sync, look := moveHome()
	perform(t, m, bulk, sync, look)
	sameTrees(t, m, "/home", "/new")
	var one, three, hole, fifo unix.Stat_t
	must(t, unix.Lstat(m.root+"/new/repo/one", &one), unix.Lstat(m.root+"/new/three", &three), unix.Lstat(m.root+"/new/sparse", &hole), unix.Lstat(m.root+"/new/fifo", &fifo))
	if one.Ino != three.Ino || one.Nlink != 3 || hole.Size != 64<<20 || hole.Blocks > 256 || fifo.Mode != unix.S_IFIFO|0o620 {
		t.Errorf("links %d, blocks %d, fifo %o", one.Nlink, hole.Blocks, fifo.Mode)
	}
	info, err := os.Stat(m.root + "/new/plain")
	if err != nil || !info.ModTime().Equal(time.Unix(1600000000, 123456789)) {
		t.Errorf("the time is %v: %v", info.ModTime(), err)
	}
	if target, err := os.Readlink(m.root + "/new/out"); target != "/etc/shadow" {
		t.Errorf("the link leads to %s: %v", target, err)
	}
	if _, err := os.Lstat(m.root + hiding("/new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the place where it was hidden is left: %v", err)
	}
}

// What changes between the bulk of a copy and its end is in the copy, whatever it is:
// also what changes and keeps its size and its time, and links that are others now.
func TestSyncBrings(t *testing.T) {
	m := homeTree(t)
	bulk, sync, _ := moveHome()
	perform(t, m, bulk)
	at := func(name string) string { return filepath.Join(m.root, "home", name) }
	info, err := os.Stat(at("readonly"))
	must(t, err)
	must(t,
		os.WriteFile(at("new"), []byte("new\n"), 0o644), os.Remove(at("fifo")), os.RemoveAll(at("empty")), os.WriteFile(at("empty"), nil, 0o600),
		os.Remove(at("link")), os.MkdirAll(at("link/deep/er"), 0o755), os.Remove(at("three")), os.WriteFile(at("three"), []byte("object\n"), 0o644),
		os.Link(at("plain"), at("plain2")), os.Chmod(at("setuid"), 0o700), os.Rename(at("repo"), at("moved")),
		os.Chmod(at("readonly"), 0o600), os.WriteFile(at("readonly"), []byte("or\n"), 0o600), os.Chmod(at("readonly"), 0o400),
		os.Chtimes(at("readonly"), info.ModTime(), info.ModTime()),
	)
	perform(t, m, sync)
	sameTrees(t, m, "/home", "/new")
	if got := text(t, m, "new/readonly"); got != "or\n" {
		t.Errorf("it holds %q", got)
	}
}

// Another copy that was begun is gone on with; what is not one is left alone.
func TestCopyGoesOn(t *testing.T) {
	m := homeTree(t)
	bulk, sync, _ := moveHome()
	perform(t, m, bulk)
	hidden := m.root + hiding("/new")
	must(t, os.Remove(hidden+"/plain"), os.WriteFile(hidden+"/readonly", []byte("??\n"), 0o400), os.WriteFile(hidden+"/stray", nil, 0o400))
	perform(t, m, bulk, sync)
	sameTrees(t, m, "/home", "/new")
	perform(t, m, bulk, sync) // as after a run that was killed before the user changed
	sameTrees(t, m, "/home", "/new")

	must(t, os.WriteFile(m.root+"/new/mine", nil, 0o600))
	if err := m.Perform(context.Background(), bulk); err == nil || !strings.Contains(err.Error(), "has changed since it was made: mine") {
		t.Errorf("a copy that has changed is taken up again: %v", err)
	}
	other := &TreeCopy{From: "/home/repo", To: "/other"}
	must(t, os.Mkdir(m.root+hiding("/other"), 0o700), os.WriteFile(m.root+hiding("/other")+"/x", nil, 0o600))
	if err := m.Perform(context.Background(), other); err == nil || !strings.Contains(err.Error(), "is not a copy that this agent has made") {
		t.Errorf("what is not a copy is filled: %v", err)
	}
}

// What is in the place of the copy by the time it is complete stays.
func TestSyncReplacesNothing(t *testing.T) {
	m := homeTree(t)
	bulk, sync, _ := moveHome()
	perform(t, m, bulk)
	put(t, m, "new/file", "mine\n")
	var moved *MovedError
	if err := m.Perform(context.Background(), sync); !errors.As(err, &moved) || text(t, m, "new/file") != "mine\n" {
		t.Errorf("%v", err)
	}
}

// Whoever owns the tree swaps what is in it all the time; nothing that lies outside
// is read or changed, and the copy is complete when it ends.
func TestCopyFollowsNothing(t *testing.T) {
	m := homeTree(t)
	put(t, m, "secret/file", "canary\n")
	put(t, m, "home/dir/file", "mine\n")
	stop, done := atomic.Bool{}, make(chan struct{})
	go func() {
		defer close(done)
		home := m.root + "/home/"
		for !stop.Load() {
			_ = os.Rename(home+"dir", home+"aside")
			_ = os.Symlink(m.root+"/secret", home+"dir")
			_ = os.Rename(home+"plain", home+"other")
			_ = os.Symlink(m.root+"/secret/file", home+"plain")
			_ = os.Remove(home + "dir")
			_ = os.Rename(home+"aside", home+"dir")
			_ = os.Rename(home+"other", home+"plain")
		}
	}()
	bulk, sync, _ := moveHome()
	for range 15 {
		if err := m.Perform(context.Background(), bulk); err != nil {
			t.Errorf("it fails on a tree in use: %v", err)
		}
		_ = filepath.WalkDir(m.root+hiding("/new"), func(at string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				if content, _ := os.ReadFile(at); strings.Contains(string(content), "canary") {
					t.Errorf("%s holds what it must not", at)
				}
			}
			return nil
		})
	}
	stop.Store(true)
	<-done
	must(t, os.RemoveAll(m.root+"/home/aside"))
	perform(t, m, sync)
	sameTrees(t, m, "/home", "/new")
}
