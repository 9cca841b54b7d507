package node

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A file is read once for its digest, by this run and the next ones, until it changes;
// one that has changed within the last moment is read each time.
func TestDigests(t *testing.T) {
	root := t.TempDir()
	at := filepath.Join(root, "a")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var text []byte
	asked := func() (d Digest, kept bool) {
		t.Helper()
		m, err := Open(root)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		m.Digests().From(func() []byte { return text })
		d, err = m.View().Digest(context.Background(), "/a")
		if err != nil {
			t.Fatal(err)
		}
		next, kept := m.Digests().Text()
		if kept {
			text = next
		}
		return d, kept
	}
	settled := func() { time.Sleep(ctimeTick + 50*time.Millisecond) }

	write("one")
	if d, kept := asked(); d != sha256.Sum256([]byte("one")) || kept {
		t.Errorf("just written: %x, kept %v", d, kept)
	}
	settled()
	if d, kept := asked(); d != sha256.Sum256([]byte("one")) || !kept {
		t.Errorf("later: %x, kept %v", d, kept)
	}
	if d, kept := asked(); d != sha256.Sum256([]byte("one")) || kept {
		t.Errorf("known: %x, kept %v", d, kept)
	}
	before, err := os.Stat(at)
	if err != nil {
		t.Fatal(err)
	}
	write("two")
	if err := os.Chtimes(at, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	if d, _ := asked(); d != sha256.Sum256([]byte("two")) {
		t.Errorf("changed, with its old mtime: %x", d)
	}

	one := text
	text = append(text[:len(text)-1:len(text)-1], text[len(text)-1]^1)
	settled()
	if d, kept := asked(); d != sha256.Sum256([]byte("two")) || !kept {
		t.Errorf("with what is known damaged: %x, kept %v", d, kept)
	}
	var lost Digests
	lost.read(one[:len(one)-recordSize])
	if len(lost.known) > 0 {
		t.Error("half of what was known counts")
	}
}

// What is read back is what was kept, and nothing is made of anything else.
func FuzzDigests(f *testing.F) {
	var d Digests
	d.read(nil)
	d.known[fileID{1, 2}] = readFile{3, 4, 5, today(), sha256.Sum256(nil)}
	d.changed = true
	text, _ := d.Text()
	f.Add(text)
	f.Add([]byte(digestsMark))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Digests
		d.read(text)
		d.changed = true
		again, _ := d.Text()
		var e Digests
		e.read(again)
		for id, k := range d.known {
			if today()-k.day < digestsDays && e.known[id] != k {
				t.Errorf("%v: %v, read back as %v", id, k, e.known[id])
			}
		}
	})
}
