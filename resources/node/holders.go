package node

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Holder is a process that keeps the home of a user from being moved: one of the
// user's, or one that uses what is in the home.
type Holder struct {
	PID     int
	User    string
	Command string        // its command line, shortened
	Why     string        // what it has to do with the home
	Unit    string        // the system's unit that it is part of; "" for that of a session
	Age     time.Duration // since it was started
}

func (h Holder) String() string {
	return fmt.Sprintf("%d %s (%s): %s", h.PID, h.User, h.Command, h.Why)
}

// Holders is part of View.
func (l *Live) Holders(user, home string) ([]Holder, error) { return l.m.holders(user, home) }

// holders looks for processes in the way, without a home only for the user's own; in a
// tree nothing runs.
func (m *Machine) holders(user, home string) ([]Holder, error) {
	if m.offline {
		return nil, nil
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	db := m.userDB()
	u, known := db.User(user)
	if !known {
		u.UID = -1
	}
	var found []Holder
	for _, p := range procs() {
		uids := p.uids()
		if why := p.holds(home, slices.Contains(uids, u.UID)); why != "" && len(uids) > 0 {
			found = append(found, Holder{PID: p.pid(), User: db.userName(uint32(uids[0])), Command: p.command(), Why: why, Unit: p.unit(), Age: p.age()})
		}
	}
	return found, nil
}

// holds is what a process has to do with a home, "" for nothing. One of the user's that
// has another root, such as a container's, has to do with the user of that.
func (p proc) holds(home string, users bool) string {
	if why := p.uses(home); why != "" {
		return why
	}
	if !users {
		return ""
	}
	if elsewhere, _ := p.elsewhere(); elsewhere {
		return ""
	}
	return "it runs as the user"
}

// uses tells what of a home a process uses; "" for nothing. What has no name there any
// more is not in the way.
func (p proc) uses(home string) string {
	if home == "" {
		return ""
	}
	for _, way := range []struct{ link, what string }{{"cwd", "it works in"}, {"root", "its root is"}, {"exe", "it runs"}} {
		if target := p.link(way.link); under(target, home) {
			return way.what + " " + target
		}
	}
	inHome := func(file string) bool { return under(file, home) && !strings.HasSuffix(file, deletedSuffix) }
	files := p.files()
	if i := slices.IndexFunc(files, inHome); i >= 0 {
		return "it has " + files[i] + " open"
	}
	files = p.maps()
	if i := slices.IndexFunc(files, inHome); i >= 0 {
		return "it has " + files[i] + " mapped"
	}
	return ""
}

// shortly is how long a process that came just now may take to go: systemd keeps what
// it runs for a user for 10 s after the last session.
const shortly = 15 * time.Second

// Brief says whether a process may soon be gone by itself, as a git push is.
func (h Holder) Brief() bool { return h.Age < shortly }

// awaitNobody waits for short processes to go, and names those that do not.
func (m *Machine) awaitNobody(ctx context.Context, user, home string) error {
	for end := time.Now().Add(shortly); ; {
		err := m.nobody(user, home)
		if err == nil || time.Now().After(end) || context.Cause(ctx) != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// nobody is an error that names the processes in the way, if there are any.
func (m *Machine) nobody(user, home string) error {
	found, err := m.holders(user, home)
	if err != nil {
		return err
	}
	return InTheWay(home, found)
}

// awaitBrief waits for processes that came just now to go, so that the wait does not fall
// into the time in which what runs is stopped.
func (m *Machine) awaitBrief(ctx context.Context, user, home string) {
	for end := time.Now().Add(shortly); time.Now().Before(end) && context.Cause(ctx) == nil; time.Sleep(50 * time.Millisecond) {
		found, err := m.holders(user, home)
		if err != nil || !slices.ContainsFunc(found, Holder.Brief) {
			return
		}
	}
}

// InTheWay is an error that names processes which keep a home from being moved, or,
// without one, a user from being changed; nil for none.
func InTheWay(home string, found []Holder) error {
	if len(found) == 0 {
		return nil
	}
	const most = 10
	var lines []string
	for _, h := range found[:min(len(found), most)] {
		lines = append(lines, h.String())
	}
	if len(found) > most {
		lines = append(lines, fmt.Sprintf("and %d more", len(found)-most))
	}
	what := "moving " + home
	if home == "" {
		what = "changing its home or number"
	}
	return fmt.Errorf("processes are in the way of %s: stop them and apply again:\n%s", what, strings.Join(lines, "\n"))
}
