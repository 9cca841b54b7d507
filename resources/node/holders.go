package node

import (
	"fmt"
	"os"
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
	Manager string        // the unit of what systemd keeps for the user until 10 s after the last session; "" for anything else
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
	_, lingers := os.Lstat("/var/lib/systemd/linger/" + user) // nil: loginctl enable-linger
	var found []Holder
	for _, p := range procs() {
		uids := p.uids()
		why := p.holds(home, slices.Contains(uids, u.UID))
		if why == "" || len(uids) == 0 {
			continue
		}
		h := Holder{PID: p.pid(), User: db.userName(uint32(uids[0])), Command: p.command(), Why: why, Unit: p.unit(), Age: p.age()}
		if lingers != nil {
			h.Manager = p.manager()
		}
		found = append(found, h)
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
