package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Digest is a SHA-256.
type Digest [sha256.Size]byte

// Digests is what is known of files that were read: their digests, which hold as long
// as they are the same files, of the same size and times. Nobody changes a file and
// leaves its ctime as it was.
type Digests struct {
	load    func() []byte
	mu      sync.Mutex
	known   map[fileID]readFile // nil: not loaded yet
	changed bool
}

// A fileID is which file it is, stat(2).
type fileID struct{ dev, ino uint64 }

// A readFile is a file as it was when it was read, its times in nanoseconds, and the day
// on which it was last asked for, counted from 1970.
type readFile struct {
	size, mtime, ctime int64
	day                int64
	digest             Digest
}

const (
	digestsMark = "mnw-agent digests 1\n"
	digestsDays = 14 // for which a digest is kept that nobody asks for
	ctimeTick   = time.Second

	numbersInRecord = 6
	recordSize      = numbersInRecord*8 + sha256.Size
)

// From lets the digests be loaded from what Text made earlier, when the first one is
// asked for. What cannot be read is forgotten: then the files are read again.
func (d *Digests) From(load func() []byte) { d.load = load }

// Text is all that is known, for the next time; ok says whether it has changed.
func (d *Digests) Text() (text []byte, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.changed {
		return nil, false
	}
	d.changed = false
	text = []byte(digestsMark)
	for id, k := range d.known {
		if today()-k.day >= digestsDays {
			continue
		}
		for _, n := range [numbersInRecord]uint64{id.dev, id.ino, uint64(k.size), uint64(k.mtime), uint64(k.ctime), uint64(k.day)} {
			text = binary.LittleEndian.AppendUint64(text, n)
		}
		text = append(text, k.digest[:]...)
	}
	sum := sha256.Sum256(text)
	return append(text, sum[:]...), true
}

// read fills in what an earlier Text has.
func (d *Digests) read(text []byte) {
	d.known = map[fileID]readFile{}
	end := len(text) - sha256.Size
	if end < len(digestsMark) || sha256.Sum256(text[:end]) != Digest(text[end:]) {
		return
	}
	body, ok := bytes.CutPrefix(text[:end], []byte(digestsMark))
	for ; ok && len(body) >= recordSize; body = body[recordSize:] {
		var n [numbersInRecord]uint64
		for i := range n {
			n[i] = binary.LittleEndian.Uint64(body[i*8:])
		}
		d.known[fileID{n[0], n[1]}] = readFile{int64(n[2]), int64(n[3]), int64(n[4]), int64(n[5]), Digest(body[numbersInRecord*8 : recordSize])}
	}
}

func today() int64 { return time.Now().Unix() / (24 * 60 * 60) }

// recall is the digest of a file that is as it was when it was read.
func (d *Digests) recall(st *unix.Stat_t) (Digest, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		var text []byte
		if d.load != nil {
			text = d.load()
		}
		d.read(text)
	}
	id := fileID{st.Dev, st.Ino}
	k, ok := d.known[id]
	if !ok || k.size != st.Size || k.mtime != st.Mtim.Nano() || k.ctime != st.Ctim.Nano() {
		return Digest{}, false
	}
	if day := today(); k.day != day {
		k.day, d.changed = day, true
		d.known[id] = k
	}
	return k.digest, true
}

// keep remembers a digest of a file that was the same before and after it was read. One
// that has just changed may change again within the same tick of its clock.
func (d *Digests) keep(before, after *unix.Stat_t, began time.Time, digest Digest) {
	if before.Size != after.Size || before.Mtim != after.Mtim || before.Ctim != after.Ctim ||
		began.Sub(time.Unix(before.Ctim.Unix())) < ctimeTick {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[fileID{before.Dev, before.Ino}] = readFile{before.Size, before.Mtim.Nano(), before.Ctim.Nano(), today(), digest}
	d.changed = true
}

// of is the digest of what an open file holds.
func (d *Digests) of(ctx context.Context, file *os.File) (Digest, error) {
	var before, after unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &before); err != nil {
		return Digest{}, &fs.PathError{Op: "look at", Path: file.Name(), Err: err}
	}
	if digest, ok := d.recall(&before); ok {
		return digest, nil
	}
	began, sum := time.Now(), sha256.New()
	if _, err := io.Copy(sum, Until(ctx, file)); err != nil {
		return Digest{}, err
	}
	digest := Digest(sum.Sum(nil))
	if unix.Fstat(int(file.Fd()), &after) == nil {
		d.keep(&before, &after, began, digest)
	}
	return digest, nil
}

// Until is a reader that is read as long as a context is not over.
func Until(ctx context.Context, r io.Reader) io.Reader { return untilOver{ctx, r} }

type untilOver struct {
	ctx context.Context
	r   io.Reader
}

func (u untilOver) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}

// Digest is part of View.
func (l *Live) Digest(ctx context.Context, path string) (Digest, error) {
	r, err := l.open(path)
	if err != nil {
		return Digest{}, err
	}
	defer r.Close()
	return l.m.digests.of(ctx, r)
}
