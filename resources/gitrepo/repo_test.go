package gitrepo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// onDisk is a tree below a directory.
type onDisk string

func (d onDisk) at(p string) string                   { return filepath.Join(string(d), p) }
func (d onDisk) Readlink(p string) (string, error)    { return os.Readlink(d.at(p)) }
func (d onDisk) Open(p string) (io.ReadCloser, error) { return os.Open(d.at(p)) }
func (d onDisk) ReadDir(p string) (names []string, err error) {
	entries, err := os.ReadDir(d.at(p))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// git runs git in the tree.
func (d onDisk) git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", d.at(dir)}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// history makes a repository with branches, a merge and tags, and says which of its
// refs come from which, as git has it.
func history(t *testing.T, format string) (d onDisk, refs map[string]string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("it takes git")
	}
	d = onDisk(t.TempDir())
	d.git(t, "", "init", "-q", "--bare", "--object-format="+format, "-b", "main", "a.git")
	var script strings.Builder
	var long strings.Builder // and hard to make shorter: then commits are made from each other
	for n := range 100 {
		fmt.Fprintf(&long, "%x\n", sha256.Sum256([]byte{byte(n)}))
	}
	commit := func(ref string, n int, more string) {
		fmt.Fprintf(&script, "commit %s\ncommitter a <a@b> %d +0000\ndata <<END\n%sEND\n%s\n", ref, 1700000000+n, long.String(), more)
	}
	for n := range 30 {
		commit("refs/heads/main", n, fmt.Sprintf("M 644 inline file\ndata <<END\n%d\nEND\n", n))
		if n == 10 {
			fmt.Fprintf(&script, "reset refs/heads/side\nfrom refs/heads/main\n\n")
			fmt.Fprintf(&script, "tag old\nfrom refs/heads/main\ntagger a <a@b> 1700000000 +0000\ndata 3\nold\n")
		}
	}
	commit("refs/heads/side", 100, "")
	commit("refs/heads/merged", 101, "from refs/heads/main\nmerge refs/heads/side\n")
	commit("refs/heads/alone", 102, "deleteall\n")
	cmd := exec.Command("git", "-C", d.at("a.git"), "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(script.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, script.String())
	}
	refs, err := Refs(d, "a.git")
	if err != nil {
		t.Fatal(err)
	}
	return d, refs
}

// comesFrom compares what is said of all pairs of refs with what git says.
func comesFrom(t *testing.T, d onDisk, dir string, refs map[string]string) {
	t.Helper()
	s, err := Open(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for id := range strings.Lines(d.git(t, dir, "rev-list", "--all") + "\n") {
		id = strings.TrimSpace(id)
		o, err := s.get(t.Context(), id)
		if want := d.git(t, dir, "cat-file", "commit", id); err != nil || o.kind != "commit" || strings.TrimSpace(string(o.body)) != want {
			t.Errorf("%s: commit %s is the %s %q, %v", dir, id, o.kind, o.body, err)
		}
	}
	yes := 0
	for a, from := range refs {
		for b, to := range refs {
			if strings.HasPrefix(b, "refs/tags") {
				continue // git looks through the tag
			}
			got, err := s.contains(context.Background(), from, to)
			if err != nil {
				t.Fatalf("%s, %s: %v", a, b, err)
			}
			want := exec.Command("git", "-C", d.at(dir), "merge-base", "--is-ancestor", to, from).Run() == nil
			if got != want {
				t.Errorf("%s: that %s comes from %s is %v, and git says %v", dir, a, b, got, want)
			}
			if got {
				yes++
			}
		}
	}
	if yes <= len(refs)-1 {
		t.Errorf("%d pairs only", yes)
	}
}

// Whatever a repository's objects lie in, it is told as by git which commit comes from
// which: loose files, packs with objects made from others, alternates, both hashes.
func TestContains(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		d, refs := history(t, format)
		if len(refs) != 5 {
			t.Fatal(refs)
		}
		inPacks(t, d, "a.git", 0)
		comesFrom(t, d, "a.git", refs)
		d.git(t, "a.git", "repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=100")
		d.git(t, "a.git", "pack-refs", "--all")
		inPacks(t, d, "a.git", 1)
		comesFrom(t, d, "a.git", refs)
		d.git(t, "", "clone", "-q", "--mirror", "--shared", "a.git", "shared.git")
		if err := os.WriteFile(d.at("shared.git/objects/info/alternates"), []byte("../../a.git/objects\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		comesFrom(t, d, "shared.git", refs)
		d.git(t, "a.git", "-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-a", "-d", "-f", "--depth=50")
		comesFrom(t, d, "a.git", refs)
		if again, err := Refs(d, "a.git"); err != nil || !maps.Equal(refs, again) {
			t.Errorf("packed, its refs are %v, %v", again, err)
		}
	}
}

func inPacks(t *testing.T, d onDisk, dir string, want int) {
	t.Helper()
	names, err := filepath.Glob(d.at(dir + "/objects/pack/*.pack"))
	if err != nil || len(names) != want {
		t.Fatal(names, err)
	}
}

// One repository lacks of another a ref, and what a ref of it has not come from; not
// what it has further on.
func TestLacks(t *testing.T) {
	t.Parallel()
	d, _ := history(t, "sha1")
	d.git(t, "", "clone", "-q", "--mirror", "a.git", "b.git")
	lacks := func(when string, ahead int, want ...string) {
		t.Helper()
		found, n, err := Lacks(context.Background(), d, "a.git", "b.git")
		var got []string
		for _, l := range found {
			got = append(got, l.Ref+": "+l.Why)
		}
		if err != nil || n != ahead || !slices.Equal(got, want) {
			t.Errorf("%s: it lacks\n%s\nand has %d further on, %v; want %d and\n%s", when, strings.Join(got, "\n"), n, err, ahead, strings.Join(want, "\n"))
		}
	}
	lacks("copied", 0)
	main, side, alone := d.git(t, "a.git", "rev-parse", "main"), d.git(t, "a.git", "rev-parse", "side"), d.git(t, "a.git", "rev-parse", "alone")
	d.git(t, "b.git", "update-ref", "refs/heads/side", "merged")
	d.git(t, "b.git", "update-ref", "refs/heads/own", "main")
	lacks("further on", 2)
	d.git(t, "b.git", "update-ref", "refs/heads/main", alone)
	lacks("at something else", 2, "refs/heads/main: it is at "+alone[:12]+" there, which does not come from "+main[:12])
	d.git(t, "b.git", "update-ref", "refs/heads/main", main)
	d.git(t, "a.git", "update-ref", "refs/tags/v1", side)
	d.git(t, "a.git", "update-ref", "--no-deref", "HEAD", main)
	lacks("without a tag and without what a HEAD is at", 2, "HEAD: it is not there", "refs/tags/v1: it is not there")
	d.git(t, "b.git", "update-ref", "--no-deref", "HEAD", main)
	d.git(t, "b.git", "update-ref", "refs/tags/v1", side)
	id := strings.Repeat("5", 40)
	for _, dir := range []string{"a.git", "b.git"} {
		if err := os.WriteFile(d.at(dir+"/refs/heads/gone"), []byte(id+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lacks("without an object", 2, "refs/heads/gone: what it is at there is missing, 555555555555")
}

// What git could not have written is an error, and nothing worse.
func FuzzPatch(f *testing.F) {
	f.Add([]byte("some base"), []byte("\x09\x06\x90\x04\x02ab"))
	f.Add([]byte(""), []byte("\x00\x80\x80\x80\x80\x10"))
	f.Fuzz(func(t *testing.T, from, delta []byte) {
		to, err := patch(from, delta)
		if err == nil && len(to) > maxObject {
			t.Fatalf("%d bytes", len(to))
		}
	})
}

// A file that calls itself a pack is read to its end or refused.
func FuzzPack(f *testing.F) {
	f.Add([]byte("PACK"), []byte(indexMagic), "aa")
	one := append([]byte(indexMagic), bytes.Repeat([]byte{0, 0, 0, 1}, 256)...)
	one = append(append(one, make([]byte, 20)...), 0, 0, 0, 0, 0, 0, 0, 0)
	f.Add([]byte("\x70"+strings.Repeat("\x00", 20)), one, strings.Repeat("00", 20)) // made from itself
	f.Add([]byte("\x61\x01x"), one, strings.Repeat("00", 20))
	f.Fuzz(func(t *testing.T, data, index []byte, id string) {
		if !isID(id) {
			return
		}
		dir := onDisk(t.TempDir())
		for name, text := range map[string][]byte{"p.pack": data, "p.idx": index} {
			if err := os.WriteFile(dir.at(name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, err := openPack(dir, "p")
		if err != nil {
			return
		}
		defer p.close()
		at, ok, err := p.find(id)
		if err != nil || !ok {
			return
		}
		if o, err := p.read(t.Context(), at, int64(len(id)/2), 0); err == nil && len(o.body) > maxObject {
			t.Fatalf("%d bytes", len(o.body))
		}
	})
}

// A counting tree says how often it was read.
type counting struct {
	onDisk
	opened *int
}

func (c counting) Open(p string) (io.ReadCloser, error) {
	*c.opened++
	return c.onDisk.Open(p)
}

// Many refs of one history cost one reading of it, also when none of them comes from
// what the other repository has, and nothing is read for what is not there at all.
func TestManyRefs(t *testing.T) {
	t.Parallel()
	d, refs := history(t, "sha1")
	d.git(t, "", "clone", "-q", "--mirror", "a.git", "b.git")
	missing := d.git(t, "a.git", "commit-tree", "-m", "late", "refs/heads/main^{tree}")
	reads := func(had string, n int) int {
		opened := 0
		s, err := Open(counting{d, &opened}, "b.git")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		opened = 0
		for range n {
			if why, err := s.lacks(t.Context(), had, refs["refs/heads/main"]); err != nil || why == "" {
				t.Fatalf("%q, %v", why, err)
			}
		}
		return opened
	}
	alone := refs["refs/heads/alone"]
	// Whether the two are there is asked of each ref, by one Open each.
	if once, often := reads(alone, 1), reads(alone, 50); often > once+2*49 {
		t.Errorf("one ref takes %d readings, and 50 take %d", once, often)
	}
	if got := reads(missing, 1); got != 2 {
		t.Errorf("what is not there takes %d readings", got)
	}
}
