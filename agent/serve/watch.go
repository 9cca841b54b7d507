package serve

import (
	"maps"
	"time"

	"golang.org/x/sys/unix"
)

// A watch notices that a manifest, or a file that it takes in, is no longer the one
// that was loaded. It looks at all of them every second with stat(2), which costs a
// microsecond a file. That sees whatever a load would see: a file that is written,
// renamed into place, removed, made for the first time, or reached by another
// symlink above it, on any file system. inotify(7) would have to watch every
// directory and link on the way to each file, sees nothing of other machines'
// writes on a network file system, and loses events when its queue is full.
//
// Several writes in a row make one run: what has changed counts when two looks in a
// row have found the same.
type watch struct {
	loaded map[string]identity // as they were just before they were opened
	last   map[string]identity // as the last look found them
}

// An identity changes when a file is written or replaced, or its owner or mode is
// changed. What two writes within one tick of the clock hide is found by the next
// run in turn, which loads everything anyway.
type identity struct {
	device, inode uint64
	size          int64
	mtime, ctime  unix.Timespec
	missing       bool
}

// lookEvery is how often the files are looked at.
const lookEvery = time.Second

// forget begins anew, before the manifest is loaded.
func (w *watch) forget() { w.loaded, w.last = map[string]identity{}, nil }

// reads says that a file is about to be opened.
func (w *watch) reads(path string) {
	if _, known := w.loaded[path]; !known { // the first look is the one that misses nothing
		w.loaded[path] = identify(path)
	}
}

// changed looks at the files, and says whether they have changed since they were
// loaded and have come to rest.
func (w *watch) changed() bool {
	now := make(map[string]identity, len(w.loaded))
	for path := range w.loaded {
		now[path] = identify(path)
	}
	rests := maps.Equal(now, w.last)
	w.last = now
	return rests && !maps.Equal(now, w.loaded)
}

// look looks as changed does, and says when to look again: so rarely, when there is
// very much to look at, that it takes a hundredth of one processor at most.
func (w *watch) look() (changed bool, again time.Duration) {
	began := time.Now()
	changed = w.changed()
	return changed, max(lookEvery, 100*time.Since(began))
}

func identify(path string) identity {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return identity{missing: true}
	}
	return identity{device: uint64(st.Dev), inode: st.Ino, size: st.Size, mtime: st.Mtim, ctime: st.Ctim}
}
