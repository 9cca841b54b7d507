package gitrepo

import (
	"encoding/binary"
	"errors"
	"io"
)

// This file reads the numbers of a pack, and makes an object from another one.

// errDelta is that of what cannot have come from git.
var errDelta = errors.New("the pack is damaged")

// readHead reads the kind and the size with which an object begins.
func readHead(r io.ByteReader) (kind byte, size int64, err error) {
	c, err := r.ReadByte()
	kind, size = c>>4&7, int64(c&15)
	for shift := 4; err == nil && c&0x80 != 0; shift += 7 {
		if shift > 53 {
			return 0, 0, errDelta
		}
		c, err = r.ReadByte()
		size |= int64(c&0x7f) << shift
	}
	return kind, size, err
}

// readOffset reads how far before an object the one begins that it is made from.
func readOffset(r io.ByteReader) (int64, error) {
	c, err := r.ReadByte()
	back := int64(c & 0x7f)
	for err == nil && c&0x80 != 0 {
		if back > 1<<53 {
			return 0, errDelta
		}
		c, err = r.ReadByte()
		back = (back+1)<<7 | int64(c&0x7f)
	}
	if err == nil && back == 0 {
		err = errDelta
	}
	return back, err
}

// patch makes an object from another one, as a delta says: pieces of the other, and
// texts of its own.
func patch(from, delta []byte) ([]byte, error) {
	size, n := binary.Uvarint(delta)
	if n <= 0 || size != uint64(len(from)) {
		return nil, errDelta
	}
	delta = delta[n:]
	size, n = binary.Uvarint(delta)
	if n <= 0 || size > maxObject {
		return nil, errDelta
	}
	delta = delta[n:]
	var to []byte
	for len(delta) > 0 {
		piece, rest, ok := nextPiece(from, delta)
		if !ok || len(to)+len(piece) > int(size) {
			return nil, errDelta
		}
		to, delta = append(to, piece...), rest
	}
	if len(to) != int(size) {
		return nil, errDelta
	}
	return to, nil
}

// nextPiece is what the first instruction of a delta adds, and the others.
func nextPiece(from, delta []byte) (piece, rest []byte, ok bool) {
	c, delta := delta[0], delta[1:]
	if c&0x80 == 0 {
		n := int(c)
		if n == 0 || n > len(delta) {
			return nil, nil, false
		}
		return delta[:n], delta[n:], true
	}
	var at, n int
	for bit := range 7 {
		if c&(1<<bit) == 0 {
			continue
		}
		if len(delta) == 0 {
			return nil, nil, false
		}
		if bit < 4 {
			at |= int(delta[0]) << (8 * bit)
		} else {
			n |= int(delta[0]) << (8 * (bit - 4))
		}
		delta = delta[1:]
	}
	if n == 0 {
		n = 0x10000
	}
	if at+n > len(from) {
		return nil, nil, false
	}
	return from[at : at+n], delta, true
}
