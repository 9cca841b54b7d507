package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
)

// A pack is a file of many objects, and its index (see gitformat-pack(5)).
type pack struct {
	index, data seekable
	count       int64 // of objects
}

// A seekable file can be read anywhere.
type seekable struct {
	io.ReaderAt
	io.Closer
}

const (
	indexMagic = "\xfftOc\x00\x00\x00\x02"
	fanoutAt   = int64(len(indexMagic))
	namesAt    = fanoutAt + 256*4
)

func openPack(t Tree, base string) (*pack, error) {
	index, err := openAt(t, base+".idx")
	if err != nil {
		return nil, err
	}
	data, err := openAt(t, base+".pack")
	if err != nil {
		return nil, errors.Join(err, index.Close())
	}
	p := &pack{index: index, data: data}
	magic, err := p.indexed(0, len(indexMagic))
	if err == nil && string(magic) != indexMagic {
		err = errors.New("it is no index of version 2: git gc makes one")
	}
	if err == nil {
		p.count, err = p.number(fanoutAt + 255*4)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func openAt(t Tree, file string) (seekable, error) {
	r, err := t.Open(file)
	if err != nil {
		return seekable{}, err
	}
	if at, ok := r.(io.ReaderAt); ok {
		return seekable{at, r}, nil
	}
	text, err := io.ReadAll(r)
	return seekable{bytes.NewReader(text), r}, err
}

func (p *pack) close() error { return errors.Join(p.index.Close(), p.data.Close()) }

func (p *pack) indexed(at int64, n int) ([]byte, error) {
	buf := make([]byte, n)
	_, err := p.index.ReadAt(buf, at)
	return buf, err
}

func (p *pack) number(at int64) (int64, error) {
	buf, err := p.indexed(at, 4)
	return int64(binary.BigEndian.Uint32(buf)), err
}

// find is where in the pack an object begins.
func (p *pack) find(id string) (at int64, ok bool, err error) {
	name, err := hex.DecodeString(id)
	if err != nil {
		return 0, false, err
	}
	low, high := int64(0), int64(0)
	if first := int64(name[0]); first > 0 {
		low, err = p.number(fanoutAt + (first-1)*4)
	}
	if err == nil {
		high, err = p.number(fanoutAt + int64(name[0])*4)
	}
	for err == nil && low < high {
		middle := (low + high) / 2
		var found []byte
		if found, err = p.indexed(namesAt+middle*int64(len(name)), len(name)); err != nil {
			break
		}
		switch order := bytes.Compare(found, name); {
		case order == 0:
			at, err = p.offset(middle, int64(len(name)))
			return at, err == nil, err
		case order < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return 0, false, err
}

// offset is where the nth object begins.
func (p *pack) offset(n, nameLength int64) (int64, error) {
	const large = 1 << 31
	offsets := namesAt + p.count*(nameLength+4)
	at, err := p.number(offsets + n*4)
	if err != nil || at&large == 0 {
		return at, err
	}
	buf, err := p.indexed(offsets+p.count*4+(at&^large)*8, 8)
	return int64(binary.BigEndian.Uint64(buf) & math.MaxInt64), err
}

// The kinds of objects in a pack. The last two are told by what they are made from.
const (
	kindCommit  = 1
	kindTree    = 2
	kindBlob    = 3
	kindTag     = 4
	kindOffset  = 6
	kindByName  = 7
	deepestMade = 4096
)

var kindNames = map[byte]string{kindCommit: "commit", kindTree: "tree", kindBlob: "blob", kindTag: "tag"}

// read reads the object that begins at a place, in a pack whose names have a length.
func (p *pack) read(ctx context.Context, at, length int64, depth int) (object, error) {
	if depth > deepestMade {
		return object{}, errors.New("its objects are made of each other")
	}
	if ctx.Err() != nil {
		return object{}, context.Cause(ctx)
	}
	r := bufio.NewReader(io.NewSectionReader(p.data, at, math.MaxInt64-at))
	kind, size, err := readHead(r)
	if err != nil {
		return object{}, err
	}
	base, err := p.readBase(r, kind, at, length)
	if err == nil && size > maxObject {
		err = errors.New("an object is larger than any commit")
	}
	if err != nil {
		return object{}, err
	}
	from := object{kind: kindNames[kind]}
	if base >= 0 {
		if from, err = p.read(ctx, base, length, depth+1); err != nil {
			return object{}, err
		}
	}
	text, err := inflate(r, size)
	switch {
	case err != nil:
	case int64(len(text)) != size:
		err = errDelta
	case base >= 0:
		from.body, err = patch(from.body, text)
	default:
		from.body = text
	}
	return from, err
}

// readBase is where the object begins that the one at a place is made from, -1 when it
// is made from none.
func (p *pack) readBase(r *bufio.Reader, kind byte, at, length int64) (int64, error) {
	switch kind {
	case kindOffset:
		back, err := readOffset(r)
		return at - back, err
	case kindByName:
		return p.readName(r, length)
	}
	return -1, nil
}

// readName is where the object begins that is named next. A pack on a disk has all that
// its objects are made from.
func (p *pack) readName(r io.Reader, length int64) (int64, error) {
	name := make([]byte, length)
	if _, err := io.ReadFull(r, name); err != nil {
		return 0, err
	}
	at, ok, err := p.find(hex.EncodeToString(name))
	if err == nil && !ok {
		err = errors.New("an object is made from one that is not in the pack")
	}
	return at, err
}
