package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lookAtAll is all that a view shows of a tree, times and numbers aside.
func lookAtAll(t *testing.T, v View) []string {
	t.Helper()
	var lines []string
	var look func(at string)
	look = func(at string) {
		s, err := v.Lstat(at)
		if err != nil {
			t.Fatal(err)
		}
		s.Content = nil
		line := at + " " + s.String()
		switch s.Kind {
		case Symlink:
			if target, err := v.Readlink(at); err != nil || target != s.Target {
				t.Errorf("%s leads to %q, %v", at, target, err)
			}
		case File:
			text, err := v.ReadFile(at)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := v.Holds(at, text); !ok || err != nil {
				t.Errorf("%s does not hold what is read: %v", at, err)
			}
			vouched, err := v.ReadVouched(at)
			if err != nil || string(vouched.Content.Bytes()) != string(text) {
				t.Errorf("%s is vouched for as %q, %v", at, vouched.Content.Bytes(), err)
			}
			line += fmt.Sprintf(" %q", text)
		}
		lines = append(lines, line)
		if s.Kind != Directory {
			return
		}
		names, err := v.ReadDir(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			look(path.Join(at, name))
		}
	}
	look("/")
	links, complete := v.Symlinks(nil)
	return append(lines, fmt.Sprint(links, complete))
}

// A future shows of trees that are moved, and of what is done in them and in their
// places before and after, what the machine shows when all is performed.
func TestTreeMoveOnAFuture(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"srv/a/sub/file": "one", "srv/a/b": "two", "srv/other/x": "x", "srv/gone/y": "y"})
	for link, target := range map[string]string{"srv/a/link": "sub/file", "srv/to-a": "a", "srv/a/sub/up": "../../other"} {
		if err := os.Symlink(target, filepath.Join(m.root, link)); err != nil {
			t.Fatal(err)
		}
	}
	future := NewFuture(m.View())
	state := func(at string) State {
		s, err := future.Lstat(at)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	file := func(text string) State {
		s := State{Kind: File, Mode: 0o644, Content: NewContent([]byte(text))}
		s.Owner, s.Group = state("/srv").Owner, state("/srv").Group
		return s
	}
	shut := func(s State) State { s.Mode = 0o700; return s }
	directory := state("/srv")
	directory.Content = nil
	var changes []Change
	for _, next := range []func() Change{
		func() Change { return &PathChange{Path: "/srv/a/early", To: file("early")} },
		func() Change {
			return &PathChange{Path: "/srv/a/link2", To: State{Kind: Symlink, Target: "early", Owner: directory.Owner, Group: directory.Group}}
		},
		func() Change {
			return &TreeMove{From: "/srv/a", To: "/srv/moved", Was: state("/srv/a"), Becomes: shut(state("/srv/a"))}
		},
		func() Change { return &PathChange{Path: "/srv/moved/late", To: file("late")} },
		func() Change { return &PathChange{Path: "/srv/moved/sub/in", To: file("in")} },
		func() Change { return &PathChange{Path: "/srv/a", To: directory} },
		func() Change { return &PathChange{Path: "/srv/a/new", To: file("new")} },
		func() Change {
			return &TreeMove{From: "/srv/moved", To: "/srv/other/deep", Was: state("/srv/moved"), Becomes: state("/srv/moved")}
		},
		func() Change {
			return &TreeMove{From: "/srv/other/deep/sub", To: "/srv/sub", Was: state("/srv/other/deep/sub"), Becomes: state("/srv/other/deep/sub")}
		},
		func() Change { return &TreeRemoval{Path: "/srv/gone", State: state("/srv/gone")} },
		func() Change {
			return &TreeMove{From: "/srv/to-a", To: "/srv/a/to-b", Was: state("/srv/to-a"), Becomes: state("/srv/to-a")}
		},
	} {
		c := next()
		changes = append(changes, c)
		future.Lay(c)
	}
	want := lookAtAll(t, future)
	for _, c := range changes {
		if err := m.Perform(context.Background(), c); err != nil {
			t.Fatalf("%s: %v", c.Line(), err)
		}
	}
	if diff := cmp.Diff(lookAtAll(t, m.View()), want); diff != "" {
		t.Errorf("the machine (-) and the future (+):\n%s", diff)
	}
}

// A tree is moved only when it is what was seen, and to where nothing is; moved back
// wherever nothing has come in its place.
func TestTreeMoveIsRefused(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"srv/a/file": "a", "srv/taken/file": "taken"})
	state, err := m.View().Lstat("/srv/a")
	if err != nil {
		t.Fatal(err)
	}
	other := state
	other.Mode = 0o700
	var moved *MovedError
	for _, c := range []Change{
		&TreeMove{From: "/srv/a", To: "/srv/b", Was: other, Becomes: other},
		&TreeMove{From: "/srv/a", To: "/srv/taken", Was: state, Becomes: state},
		&TreeMove{From: "/srv/none", To: "/srv/b", Was: state, Becomes: state},
		&TreeRemoval{Path: "/srv/a", State: other},
	} {
		if err := m.Perform(context.Background(), c); !errors.As(err, &moved) {
			t.Errorf("%s: %v", c.Line(), err)
		}
	}
	move := &TreeMove{From: "/srv/a", To: "/srv/b", Was: state, Becomes: state}
	performed(t, m, move)
	put(t, m, "srv/a", "in its place")
	if _, err := Back(m.View(), move, true); !errors.As(err, &moved) || moved.Subject.Name != "/srv/a" {
		t.Errorf("with something in its place: %v", err)
	}
	os.Remove(filepath.Join(m.root, "srv/a"))
	for range 2 {
		plan, err := Back(m.View(), move, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range plan.Changes {
			performed(t, m, c)
		}
	}
	if text, err := m.View().ReadFile("/srv/a/file"); string(text) != "a" {
		t.Errorf("moved back, it is %q, %v", text, err)
	}
}

// A tree is deleted with all that is in it, nothing that its links lead to, and
// cannot be brought back.
func TestTreeRemoval(t *testing.T) {
	t.Parallel()
	files := map[string]string{"srv/kept/file": "kept"}
	for i := range 2500 {
		files[fmt.Sprintf("srv/goes/%d/%s", i%3, strings.Repeat("x", i%200)+fmt.Sprint(i))] = ""
	}
	m := tree(t, files)
	if err := os.Symlink("../kept", filepath.Join(m.root, "srv/goes/link")); err != nil {
		t.Fatal(err)
	}
	state, err := m.View().Lstat("/srv/goes")
	if err != nil {
		t.Fatal(err)
	}
	removal := &TreeRemoval{Path: "/srv/goes", State: state}
	if names, err := performed(t, m, removal).ReadDir("/srv"); err != nil || strings.Join(names, " ") != "kept" {
		t.Errorf("left: %s, %v", names, err)
	}
	if text, _ := m.View().ReadFile("/srv/kept/file"); string(text) != "kept" {
		t.Error("what a link led to has gone")
	}
	const gone = "/srv/goes was deleted for good: nothing but a backup brings it back"
	if _, err := Back(m.View(), removal, false); err == nil || err.Error() != gone {
		t.Errorf("the way back: %v", err)
	}
	if plan, err := Back(m.View(), removal, true); err != nil || len(plan.Changes) > 0 || plan.Notes[0] != gone {
		t.Errorf("the way back, anyhow: %+v, %v", plan, err)
	}
	if err := m.Perform(context.Background(), removal.Inverse()); err == nil || err.Error() != gone {
		t.Errorf("its inverse: %v", err)
	}
}

// Whatever a move that was cut short has left, its way back brings back what was; one
// that fails leaves what was.
func TestTreeMoveHalfWay(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"srv/a/file": "a"})
	was, err := m.View().Lstat("/srv/a")
	if err != nil {
		t.Fatal(err)
	}
	was.Content = nil
	becomes := was
	becomes.Mode = 0o700
	move := &TreeMove{From: "/srv/a", To: "/srv/b", Was: was, Becomes: becomes}
	into := &TreeMove{From: "/srv/a", To: "/srv/a/b", Was: was, Becomes: becomes}
	if err := m.Perform(context.Background(), into); err == nil {
		t.Error("moved into itself")
	}
	for _, at := range []string{"/srv/a", "/srv/b"} {
		for _, mode := range []Mode{was.Mode, 0o750, becomes.Mode} {
			asIs := fmt.Sprintf("at %s with mode %s", at, mode)
			now, err := m.View().Lstat("/srv/a")
			if err != nil || !was.Matches(now) {
				t.Fatalf("before it is left %s, it is %s, %v", asIs, now, err)
			}
			if err := os.Chmod(filepath.Join(m.root, "srv/a"), os.FileMode(mode)); err != nil {
				t.Fatal(err)
			}
			if at != "/srv/a" {
				if err := os.Rename(filepath.Join(m.root, "srv/a"), filepath.Join(m.root, at)); err != nil {
					t.Fatal(err)
				}
			}
			plan, err := Back(m.View(), move, true)
			if err != nil {
				t.Fatalf("left %s: %v", asIs, err)
			}
			for _, c := range plan.Changes {
				performed(t, m, c)
			}
		}
	}
	if text, err := m.View().ReadFile("/srv/a/file"); string(text) != "a" {
		t.Errorf("in the end, it is %q, %v", text, err)
	}
}
