package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

func text(s string) *node.Content { return node.NewContent([]byte(s)) }

// changes is one of each kind, with every field that a way back needs.
func changes() []node.Change {
	web := node.Unit{Name: "web.service", ActiveState: "active", SubState: "running", MainPID: 7, Started: time.Unix(1700000000, 123456789).UTC()}
	settle := time.Second
	return []node.Change{
		&node.PathChange{
			Path:  "/etc/motd",
			From:  node.State{Kind: node.File, Owner: "root", Group: "adm", Mode: 0o4755, Content: text("old\x00\xff"), Xattrs: node.Xattrs{"user.a": "\xff\x00", "user.b": ""}},
			To:    node.State{Kind: node.Symlink, Owner: "a b", Group: "1000", Target: "else\nwhere"},
			Shown: &node.Shown{Before: "(hidden)\n"},
		},
		&node.PathChange{Path: "/srv/<&>", To: node.State{Kind: node.Directory, Mode: 0, Xattrs: node.Xattrs{}}},
		&node.UserChange{
			Name: "web", From: node.UserRecord{Present: true, Fields: map[node.UserField]string{node.UserHome: "/srv"}, Groups: []string{"adm"},
				OwnGroup: &node.GroupRecord{Present: true, GID: "7", Members: []string{"x"}}, Shadow: text("web:$6$canary:1::::::")},
			To: node.UserRecord{System: true},
		},
		&node.GroupChange{Name: "crew", From: node.GroupRecord{Present: true, GID: "7"}, To: node.GroupRecord{Present: true, GID: "8", System: true}},
		&node.CrontabChange{User: "web", To: text(""), Shown: &node.Shown{After: "x"}},
		&node.CrontabChange{User: "web", From: text("@daily true\n")},
		&node.UnitAction{Unit: "web.service", Verb: node.RestartUnit, From: web, Why: "it runs with an older file", Settle: &settle},
		&node.ManagerReload{},
		&node.TreeCopy{From: "/srv/a b", To: "/srv/<b>", User: "web", Files: 3, Bytes: 1 << 40},
		&node.TreeSync{From: "/srv/a", To: "/srv/b", User: "web", Was: node.State{Kind: node.Directory, Mode: 0o2775, Owner: "web"}, Top: node.State{Kind: node.Directory, Mode: 0o700}},
		&node.TreeLook{From: "/srv/a", To: "/srv/b"},
		&node.TreeReturn{From: "/srv/a", To: "/srv/b", User: "web"},
		&node.TreeMove{From: "/srv/a b", To: "/srv/<b>",
			Was:     node.State{Kind: node.Directory, Mode: 0o2775, Owner: "web", Group: "1000"},
			Becomes: node.State{Kind: node.Directory, Mode: 0o700, Owner: "root", Group: "root"}},
		&node.TreeMove{From: "/srv/l", To: "/srv/m", Was: node.State{Kind: node.Symlink, Target: "else\nwhere"}, Becomes: node.State{Kind: node.Symlink, Target: "else\nwhere"}},
		&node.TreeRemoval{Path: "/srv/c", State: node.State{Kind: node.File, Mode: 0o600}},
	}
}

func write(t *testing.T, j *Journal) *Writer {
	t.Helper()
	w, err := j.Begin(Header{Mode: Apply, Manifest: "m.yaml", Digest: "d", Started: time.Unix(1, 0).UTC(), Checks: map[string]bool{"a": true}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range changes() {
		ids = append(ids, fmt.Sprintf("file:/%d", i))
	}
	if _, err := w.Plan(entries(ids...), changes()); err != nil {
		t.Fatal(err)
	}
	return w
}

// What is written is read back: every change as it was, and how far the run had
// come.
func TestReadsBack(t *testing.T) {
	j := In(filepath.Join(t.TempDir(), "journal"))
	w := write(t, j)
	must(t, w.Begun(1), w.Done(1), w.Begun(2), w.Unmade(2), w.Begun(3))
	open, err := j.Open()
	if err != nil || open == nil || open.Number != 1 || open.Manifest != "m.yaml" || !open.Checks["a"] {
		t.Fatalf("the open run is %+v: %v", open, err)
	}
	for i, c := range changes() {
		e := open.Entries[i]
		got, err := open.Change(e)
		if err != nil || !reflect.DeepEqual(got, digested(c)) {
			t.Errorf("change %d is\n%#v, want\n%#v: %v", i+1, got, c, err)
		}
		if e.Begun != (i == 0 || i == 2) || e.Done != (i == 0) || e.Resource != fmt.Sprintf("file:/%d", i) {
			t.Errorf("change %d is %+v", i+1, e)
		}
	}
	must(t, w.End("failed"), w.Close())
	if open, err := j.Open(); open != nil || err != nil {
		t.Errorf("it has ended, and is open: %+v: %v", open, err)
	}
	run, err := j.Read(1)
	if err != nil || run.End == nil || run.End.Result != "failed" {
		t.Errorf("the run is %+v: %v", run, err)
	}
}

// digested computes what contents compute when they are asked.
func digested(c node.Change) node.Change {
	_, contents, _ := node.Encode(c)
	for _, content := range contents {
		content.Digest()
	}
	return c
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// Cut off after any byte, a run's file is one of a run that was cut short, and
// can be gone on with.
func TestCutShort(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := In(dir)
	w := write(t, j)
	must(t, w.Begun(1), w.Done(1), w.End("changed"), w.Close())
	whole, err := os.ReadFile(j.file(1))
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(whole), '\n')
	for n := range whole {
		must(t, os.WriteFile(j.file(1), whole[:n], 0o600))
		open, err := j.Open()
		if err != nil || (open != nil) != (n > first) {
			t.Fatalf("cut off after %d bytes: %v: %v", n, open, err)
		}
		if open == nil {
			continue
		}
		w, err := j.Resume(open, "")
		if err != nil {
			t.Fatal(err)
		}
		must(t, w.End("changed"), w.Close())
		if run, err := j.Read(1); err != nil || run.End == nil || len(run.Entries) != len(open.Entries) {
			t.Fatalf("cut off after %d bytes, and gone on with: %v: %v", n, run, err)
		}
	}
}

// What a run had not begun when the power was lost, as far as its file says, may
// have been made all the same; what is begun when it goes on is certain again.
func TestResumed(t *testing.T) {
	j := In(filepath.Join(t.TempDir(), "journal"))
	w := write(t, j)
	must(t, w.Begun(1), w.Done(1), w.Close())
	for _, boot := range []string{"", "same"} {
		open, err := j.Open()
		must(t, err)
		open.Boot = boot
		w, err = j.Resume(open, boot)
		must(t, err, w.Close())
	}
	perhaps := func() (list []int) {
		t.Helper()
		run, err := j.Read(1)
		must(t, err)
		for _, e := range run.Entries {
			if e.Perhaps {
				list = append(list, e.Number)
			}
		}
		return list
	}
	if got := perhaps(); got != nil {
		t.Errorf("on the same boot, nothing is known any more of %v", got)
	}
	open, err := j.Open()
	must(t, err)
	w, err = j.Resume(open, "another")
	must(t, err)
	more, err := w.Plan(entries("x"), changes()[:1])
	must(t, err, w.Begun(3), w.End("changed"), w.Close())
	if got := perhaps(); len(got) != len(changes())-2 || slices.Contains(got, 1) || slices.Contains(got, 3) || slices.Contains(got, more[0]) {
		t.Errorf("on another boot, nothing is known any more of %v", got)
	}
}

// A run that was killed before its first line leaves the one before it open.
func TestEmptyFile(t *testing.T) {
	j := In(filepath.Join(t.TempDir(), "journal"))
	must(t, write(t, j).Close())
	must(t, os.WriteFile(j.file(2), nil, 0o600))
	if open, err := j.Open(); err != nil || open == nil || open.Number != 1 {
		t.Errorf("the open run is %+v: %v", open, err)
	}
	if runs, err := j.Runs(); err != nil || len(runs) != 1 {
		t.Errorf("there are %d runs: %v", len(runs), err)
	}
	if w := write(t, j); w.Number != 3 {
		t.Errorf("the next run is %d", w.Number)
	}
}

// What is damaged is an error that names the file, and never believed.
func TestDamaged(t *testing.T) {
	j := In(filepath.Join(t.TempDir(), "journal"))
	must(t, write(t, j).Close())
	run, err := j.Read(1)
	must(t, err)
	c, err := run.Change(run.Entries[0])
	must(t, err)
	held := j.File(c.(*node.PathChange).From.Content)
	must(t, os.WriteFile(held, []byte("other"), 0o600))
	if _, err := run.Change(run.Entries[0]); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("a damaged content: %v", err)
	}
	must(t, os.Remove(held))
	if _, err := run.Change(run.Entries[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a content that is gone: %v", err)
	}
	text, err := os.ReadFile(j.file(1))
	must(t, err)
	must(t, os.WriteFile(j.file(1), []byte(strings.Replace(string(text), `{"change"`, `{"chan`, 1)), 0o600))
	if _, err := j.Read(1); err == nil || !strings.Contains(err.Error(), "000001.jsonl: line 2") {
		t.Errorf("a damaged line: %v", err)
	}
	must(t, write(t, j).Close())
	if runs, err := j.Runs(); err != nil || len(runs) != 2 || runs[0].Damaged != nil || runs[1].Damaged == nil {
		t.Errorf("beside a damaged run: %v: %v", runs, err)
	}
}

// Old runs are forgotten, with the contents that nobody else refers to.
func TestPrune(t *testing.T) {
	j := In(filepath.Join(t.TempDir(), "journal"))
	for n := range 5 {
		w, err := j.Begin(Header{Mode: Apply})
		must(t, err)
		_, err = w.Plan(entries("file:/a", "file:/b"), []node.Change{
			&node.PathChange{Path: "/a", To: node.State{Kind: node.File, Content: text(fmt.Sprint("own", n))}},
			&node.PathChange{Path: "/b", To: node.State{Kind: node.File, Content: text("shared")}},
		})
		must(t, err, w.End("changed"), w.Close(), j.Prune(2, func([]*Run) (map[int]bool, error) { return nil, nil }))
	}
	runs, err := j.Runs()
	if err != nil || len(runs) != 2 || runs[0].Number != 5 {
		t.Errorf("there are %d runs: %v", len(runs), err)
	}
	for _, run := range runs {
		for _, e := range run.Entries {
			if _, err := run.Change(e); err != nil {
				t.Error(err)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(j.contents(), "*")); len(left) != 3 {
		t.Errorf("contents: %s", left)
	}
}

// All is for its owner alone.
func TestPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	must(t, write(t, In(dir)).Close())
	must(t, filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", at, info.Mode())
		}
		return err
	}))
}

// FuzzParse: whatever a file holds, it is read or refused; what is read can be
// written again, and is then the same.
func FuzzParse(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "journal")
	j := In(dir)
	w, err := j.Begin(Header{Mode: Apply, Manifest: "m", Units: []byte(`[]`)})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := w.Plan(make([]Entry, len(changes())), changes()); err != nil {
		f.Fatal(err)
	}
	_ = errors.Join(w.Begun(1), w.Done(1), w.Begun(2), w.Unmade(2), w.End("changed"))
	whole, err := os.ReadFile(j.file(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"run":{"number":1,"version":1}}` + "\n" + `{"begun":1}` + "\n"))
	f.Add([]byte(`{"run":{"number":1,"version":2}}` + "\n"))
	f.Add([]byte(`{"run":{"number":-1,"version":1}}` + "\n" + `{"change":{"number":1,"change":{}}}` + "\n{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		run, err := Parse(text)
		if err != nil {
			return
		}
		run.store = j
		if run.length > int64(len(text)) || run.Number < 1 {
			t.Fatalf("it is read as %+v", run)
		}
		for i, e := range run.Entries {
			if e.Number != i+1 || e.Done && !e.Begun {
				t.Fatalf("entry %d is %+v", i+1, e)
			}
			c, err := run.Change(e)
			if err != nil {
				continue
			}
			again, contents, err := node.Encode(c)
			if err != nil {
				t.Fatal(err)
			}
			back, err := node.Decode(again, held(contents))
			if err != nil || !reflect.DeepEqual(digested(back), digested(c)) {
				t.Fatalf("%s is read as\n%#v, and then as\n%#v: %v", e.Change, c, back, err)
			}
			_, _ = c.Line(), c.Diff()
			_, _ = c.Inverse().Line(), node.ByHand(c, j.File)
		}
	})
}

// held is contents as a store.
type held []*node.Content

func (h held) Content(digest string) (*node.Content, error) {
	for _, c := range h {
		if c.Digest() == digest {
			return c, nil
		}
	}
	return nil, fs.ErrNotExist
}

// entries is one for each of some resources.
func entries(ids ...string) []Entry {
	list := make([]Entry, len(ids))
	for i, id := range ids {
		list[i].Resource = id
	}
	return list
}
