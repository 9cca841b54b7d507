// Package linear holds what takes texts apart to time that does not grow with
// the square of the text.
package linear

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// size is how large the texts are: as large as a file of its kind gets when
// somebody means harm.
const size = 100_000

// limit is many times what such a text takes, and a part of what it takes when
// each of its lines or bytes is compared with all others. It is time of the
// processor, so that it does not matter what else runs.
const limit = time.Second

// Hold does some work with a text that is one piece over and over, and fails
// when that takes long.
func Hold(t testing.TB, head, piece, tail string, work func(text string)) {
	t.Helper()
	if piece == "" || len(head)+len(piece)+len(tail) > size {
		return
	}
	text := head + strings.Repeat(piece, size/len(piece)) + tail
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := processorTime(t)
	work(text)
	if took := processorTime(t) - before; took > limit {
		t.Errorf("%d bytes, %q and then %q over and over and then %q, took %v", len(text), head, piece, tail, took)
	}
}

// processorTime is what this thread has used.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
