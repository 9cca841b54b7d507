package node

import (
	"path"
	"sync"
	"time"
)

// A Future is a view with changes laid over it: the node as it will be. What a
// planned change makes is seen as if it were there, made just after the look.
type Future struct {
	View // what lies below

	passed time.Duration

	mu       sync.RWMutex
	paths    map[string]laid      // by resolved path
	names    map[string][]string  // the names laid in a directory
	above    map[string]bool      // directories below which something is laid
	stirred  map[string]time.Time // directories in which something is made, replaced or removed, and when
	dirs     map[string]string    // resolved directories, as found so far
	moved    map[string]string    // trees by where they are seen, with where they lie below; nil for none
	users    map[string]*User     // nil: gone
	groups   map[string]*Group
	crontabs map[string]*Content // nil: none
	units    map[string]Unit
	manager  *Manager
}

// A laid state is what a change makes of a path.
type laid struct {
	State
	fresh bool // a new directory: nothing below it shows through
	kept  bool // its extended attributes are those of what lies below the future
}

// NewFuture is a future of v in which nothing has changed yet.
func NewFuture(v View) *Future {
	return &Future{
		View:     v,
		paths:    map[string]laid{},
		names:    map[string][]string{},
		above:    map[string]bool{},
		stirred:  map[string]time.Time{},
		dirs:     map[string]string{},
		users:    map[string]*User{},
		groups:   map[string]*Group{},
		crontabs: map[string]*Content{},
		units:    map[string]Unit{},
	}
}

// Lay lays changes over the future. It must not run beside looks at it.
func (f *Future) Lay(changes ...Change) {
	for _, c := range changes {
		f.passed++
		c.lay(f)
	}
}

// Now is part of View. Time passes in a future, a nanosecond with each change,
// so that what is planned later is also newer.
func (f *Future) Now() time.Time { return f.View.Now().Add(f.passed) }

// With is part of View. The future itself stays as it is.
func (f *Future) With(changes ...Change) View {
	next := NewFuture(f)
	next.Lay(changes...)
	return next
}

// User is part of View.
func (f *Future) User(name string) (User, bool) {
	if u, ok := f.users[name]; ok {
		if u == nil {
			return User{}, false
		}
		return *u, true
	}
	return f.View.User(name)
}

// Group is part of View.
func (f *Future) Group(name string) (Group, bool) {
	if g, ok := f.groups[name]; ok {
		if g == nil {
			return Group{}, false
		}
		return *g, true
	}
	return f.View.Group(name)
}

// Crontab is part of View.
func (f *Future) Crontab(user string) ([]byte, bool, error) {
	if c, ok := f.crontabs[user]; ok {
		return bytesOf(c), c != nil, nil
	}
	return f.View.Crontab(user)
}

// Unit is part of View.
func (f *Future) Unit(name string) (Unit, error) {
	u, laid := f.units[name]
	if !laid {
		var err error
		if u, err = f.View.Unit(name); err != nil {
			return u, err
		}
	}
	if f.manager != nil {
		file := u.File
		u = u.afterReload()
		if f.readThen(file) {
			u.File = file
		}
	}
	return u, nil
}

// readThen says whether a unit file was there when the planned reload reads it, as far
// as that can be told: it is there still, or something goes beside it afterwards.
func (f *Future) readThen(file string) bool {
	if file == "" {
		return false
	}
	if s, err := f.Lstat(file); err == nil && s.Kind != Absent {
		return true
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.stirred[path.Dir(file)].After(f.manager.Loaded)
}

// Manager is part of View.
func (f *Future) Manager() (Manager, error) {
	if f.manager != nil {
		return *f.manager, nil
	}
	return f.View.Manager()
}
