package resources

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file compares two files of two trees.

func (t *twins) files(ctx context.Context, older, newer string, a, b node.State) error {
	if a.Size == b.Size {
		if alike, err := t.alike(ctx, t.view, older, newer); err != nil {
			return t.again(ctx, older, newer, err)
		} else if alike {
			return nil
		}
	}
	t.differ(older, newer, a, b)
	return nil
}

// differ tells of something that is not the same. The newer one has taken the place of
// the older one.
func (t *twins) differ(older, newer string, a, b node.State) {
	if b.MTime.After(a.MTime) {
		t.further(newer)
		return
	}
	t.lack(older, newer+" holds something else, and is not newer")
}

// byDigest goes by what is known of files that have not changed since they were read.
func byDigest(ctx context.Context, v node.View, one, other string) (bool, error) {
	a, err := v.Digest(ctx, one)
	if err != nil {
		return false, err
	}
	b, err := v.Digest(ctx, other)
	return a == b, err
}

// byContent reads both.
func byContent(ctx context.Context, v node.View, one, other string) (bool, error) {
	var readers [2]io.Reader
	for i, file := range []string{one, other} {
		r, err := v.Open(file)
		if err != nil {
			return false, err
		}
		defer r.Close()
		readers[i] = r
	}
	var buffers [2][64 << 10]byte
	for {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		n, err := io.ReadFull(readers[0], buffers[0][:])
		m, otherErr := io.ReadFull(readers[1], buffers[1][:])
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case err != nil && !ended:
			return false, err
		case otherErr != nil && !errors.Is(otherErr, io.EOF) && !errors.Is(otherErr, io.ErrUnexpectedEOF):
			return false, otherErr
		case !bytes.Equal(buffers[0][:n], buffers[1][:m]):
			return false, nil
		case ended:
			return true, nil
		}
	}
}
