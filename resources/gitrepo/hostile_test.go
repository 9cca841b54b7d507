package gitrepo

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Of a commit its parents are kept, each once, and nothing of its text, which may be
// megabytes long and made of few bytes on the disk.
func TestKeepsParentsAlone(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("5", 40)
	o := object{kind: "commit", body: []byte(strings.Repeat("parent "+id+"\n", 10_000) + "\n\ntext")}
	if from := o.from(); len(from) != 1 || cap(from) != 1 || from[0] != id {
		t.Errorf("%d parents are kept", cap(from))
	}
}

// More packs than any repository has are refused before they are all held open, and so
// are more repositories to borrow from.
func TestTooMany(t *testing.T) {
	t.Parallel()
	d, _ := history(t, "sha1")
	d.git(t, "a.git", "repack", "-q", "-a", "-d")
	names, err := os.ReadDir(d.at("a.git/objects/pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		_, end, _ := strings.Cut(n.Name(), ".")
		for i := range maxPacks {
			if err := os.Link(d.at("a.git/objects/pack/"+n.Name()), d.at(fmt.Sprintf("a.git/objects/pack/p%d.%s", i, end))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Open(d, "a.git"); err == nil || !strings.Contains(err.Error(), "more than 1000 packs") {
		t.Errorf("many packs: %v", err)
	}
	if err := os.WriteFile(d.at("a.git/objects/info/alternates"), []byte(strings.Repeat("../../b\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Borrows(d, "a.git"); err == nil || !strings.Contains(err.Error(), "more than 32 others") {
		t.Errorf("many to borrow from: %v", err)
	}
}
