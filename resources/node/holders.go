package node

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
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
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	db := m.userDB()
	u, known := db.User(user)
	if !known {
		u.UID = -1
	}
	here, _ := os.Stat("/")
	_, lingers := os.Lstat("/var/lib/systemd/linger/" + user) // nil: loginctl enable-linger
	var found []Holder
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if pid == os.Getpid() {
			continue
		}
		if h, ok := holder(dir, u.UID, home, here); ok {
			h.PID, h.User = pid, db.userName(ownerOf(dir))
			if lingers == nil {
				h.Manager = ""
			}
			found = append(found, h)
		}
	}
	slices.SortFunc(found, func(a, b Holder) int { return cmp.Compare(a.PID, b.PID) })
	return found, nil
}

// holder looks at one process, which may end at any moment. What another root shows,
// such as a container's, is not this node's.
func holder(dir string, uid int, home string, here os.FileInfo) (Holder, bool) {
	why := ""
	if home != "" {
		why = uses(dir, home)
	}
	if why == "" && hasUID(dir, uid) {
		if root, err := os.Stat(dir + "/root"); err != nil || os.SameFile(root, here) {
			why = "it runs as the user"
		}
	}
	if why == "" {
		return Holder{}, false
	}
	return Holder{Command: commandOf(dir), Why: why, Unit: unitOf(dir), Manager: managerOf(dir), Age: ageOf(dir)}, true
}

// uses tells what of a home a process uses; "" for nothing.
func uses(dir, home string) string {
	for link, what := range map[string]string{"cwd": "it works in", "root": "its root is", "exe": "it runs"} {
		if target, err := os.Readlink(path.Join(dir, link)); err == nil && under(target, home) {
			return what + " " + target
		}
	}
	files, _ := filepath.Glob(dir + "/fd/*")
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && under(target, home) && !strings.HasSuffix(target, " (deleted)") {
			return "it has " + target + " open"
		}
	}
	maps, _ := os.ReadFile(dir + "/maps")
	for line := range bytes.Lines(maps) {
		if at := bytes.IndexByte(line, '/'); at >= 0 {
			if target := strings.TrimSpace(string(line[at:])); under(target, home) && !strings.HasSuffix(target, " (deleted)") {
				return "it has " + target + " mapped"
			}
		}
	}
	return ""
}

// hasUID says whether one of the numbers that a process runs with, real, effective,
// saved or for files, is uid.
func hasUID(dir string, uid int) bool {
	status, _ := os.ReadFile(dir + "/status")
	for line := range bytes.Lines(status) {
		if f := strings.Fields(string(line)); len(f) >= 5 && f[0] == "Uid:" {
			return slices.Contains(f[1:5], strconv.Itoa(uid))
		}
	}
	return false
}

func ownerOf(dir string) uint32 {
	status, _ := os.ReadFile(dir + "/status")
	for line := range bytes.Lines(status) {
		if f := strings.Fields(string(line)); len(f) >= 2 && f[0] == "Uid:" {
			uid, _ := strconv.ParseUint(f[1], 10, 32)
			return uint32(uid)
		}
	}
	return 0
}

func commandOf(dir string) string {
	const longest = 60
	text, _ := os.ReadFile(dir + "/cmdline")
	words := strings.Join(strings.FieldsFunc(string(text), func(r rune) bool { return r == 0 || r == '\n' }), " ")
	if words == "" {
		name, _ := os.ReadFile(dir + "/comm")
		words = strings.TrimSpace(string(name))
	}
	if short := []rune(words); len(short) > longest {
		words = string(short[:longest]) + "…"
	}
	return words
}

// unitOf is the service of the system that a process is part of, by its control group.
func unitOf(dir string) string {
	text, _ := os.ReadFile(dir + "/cgroup")
	for line := range strings.Lines(string(text)) {
		_, group, ok := strings.Cut(strings.TrimSpace(line), "::")
		if !ok {
			continue
		}
		for _, part := range strings.Split(group, "/") {
			if strings.HasSuffix(part, ".service") && !strings.HasPrefix(part, "user@") {
				return part
			}
			if strings.HasSuffix(part, ".scope") || strings.HasPrefix(part, "user") {
				return ""
			}
		}
	}
	return ""
}

// managerOf is the unit of systemd's own processes for a user, which have a control group
// to themselves.
func managerOf(dir string) string {
	text, _ := os.ReadFile(dir + "/cgroup")
	for line := range strings.Lines(string(text)) {
		above, ok := strings.CutSuffix(strings.TrimSpace(line), ".service/init.scope")
		if unit := path.Base(above); ok && strings.HasPrefix(unit, "user@") {
			return unit + ".service"
		}
	}
	return ""
}

// ageOf is how long a process has been there, by proc_pid_stat(5).
func ageOf(dir string) time.Duration {
	const started, perSecond = 22, 100 // the field, and the clock that it is told by
	text, _ := os.ReadFile(dir + "/stat")
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the third on
	var now unix.Timespec
	if len(fields) <= started-3 || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	ticks, _ := strconv.ParseInt(fields[started-3], 10, 64)
	return time.Duration(now.Nano()) - time.Duration(ticks)*time.Second/perSecond
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
