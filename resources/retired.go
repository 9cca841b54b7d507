package resources

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Retired is a path that should go away, in four steps: while anything refers to
// it, nothing is done and all that does is told, each with its file and line. Then,
// from a day on, it is moved aside, to the path with .retired- and the day, which
// only root may enter. There it soaks: if it was needed after all, `rollback` or a
// rename brings it back as it was. What has soaked for long enough, and is still not
// referred to, is deleted for good. There is no way to force any of it.
//
// Looked at are unit files and drop-ins, environment files, crontabs, sudoers, homes
// and shells, forced commands, Caddyfiles, symlinks, mounts, fstab, logrotate,
// tmpfiles.d, all processes, and what is written in the programs and scripts that
// these run. Only keys are shown of environments, never values.
//
//	retired:
//	  /opt/makenotwork: {not_before: 2026-12-01, soak: 168h}
type Retired struct {
	Path Path `yaml:"-"`
	// NotBefore is the day from which on it may go, such as 2026-12-01. Before it, what
	// still refers to the path is a note; from then on it is an error. Default: today.
	NotBefore Day `yaml:"not_before,omitempty"`
	// Soak is how long it is kept after it was moved aside, counted from the end of that
	// day (UTC). Default: 168h.
	Soak *Duration `yaml:"soak,omitempty"`
}

// A Day is a date such as 2026-12-01.
type Day string

// UnmarshalText takes a date.
func (d *Day) UnmarshalText(text []byte) error {
	*d = Day(text)
	if _, err := time.Parse(time.DateOnly, string(text)); err != nil {
		return fmt.Errorf("%q is not a date: write 2026-12-01", text)
	}
	return nil
}

// hasCome says whether it is that day or a later one, by the clock on the wall.
func (d Day) hasCome(now time.Time) bool { return now.Format(time.DateOnly) >= string(d) }

const (
	graveMark = ".retired-"
	graveDay  = "20060102"

	defaultSoak = 168 * time.Hour

	mostTold = 500 // of what refers to a path
)

// Plan is part of Resource.
func (r *Retired) Plan(_ context.Context, v node.View) (node.Plan, error) {
	now, err := look(v, string(r.Path))
	if err != nil {
		return node.Plan{}, err
	}
	graves, err := r.graves(v)
	if err != nil || now.Kind == node.Absent && len(graves) == 0 {
		return node.Plan{}, err
	}
	hits, notes := takeCensus(v, string(r.Path), graves)
	plan := node.Plan{Notes: notes}
	switch {
	case len(hits) > 0:
		err = r.referenced(&plan, v, now, hits)
	case now.Kind != node.Absent && !r.NotBefore.hasCome(v.Now()):
		plan.Notes = append(plan.Notes, fmt.Sprintf("nothing refers to it any more: it may go from %s on", r.NotBefore))
	case now.Kind != node.Absent:
		err = r.bury(&plan, v, now)
	default:
		for _, grave := range graves {
			err = errors.Join(err, r.keep(&plan, v, grave))
		}
	}
	return plan, err
}

// graves is what was moved aside earlier, sorted.
func (r *Retired) graves(v node.View) ([]string, error) {
	dir, mark := path.Dir(string(r.Path)), path.Base(string(r.Path))+graveMark
	if end, state := follow(v, dir); state.Kind != node.Directory {
		return nil, nil
	} else {
		dir = end
	}
	names, err := v.ReadDir(dir)
	var graves []string
	for _, name := range names {
		day, ok := strings.CutPrefix(name, mark)
		if _, err := time.Parse(graveDay, day); ok && err == nil {
			graves = append(graves, path.Join(path.Dir(string(r.Path)), name))
		}
	}
	return graves, err
}

// referenced tells what keeps the path where it is, or from being deleted. Before
// its day that is as it should be.
func (r *Retired) referenced(plan *node.Plan, v node.View, now node.State, hits []hit) error {
	var lines []string
	for _, h := range hits[:min(len(hits), mostTold)] {
		lines = append(lines, h.String())
	}
	if more := len(hits) - mostTold; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	if now.Kind != node.Absent && !r.NotBefore.hasCome(v.Now()) {
		plan.Notes = append(plan.Notes, fmt.Sprintf("referenced: %s to it, which is no error before %s", referring(len(hits), ""), r.NotBefore))
		plan.Notes = append(plan.Notes, lines...)
		return nil
	}
	why := "it stays: " + referring(len(hits), "still ") + " to it"
	if now.Kind == node.Absent {
		why = "it was moved aside, and " + referring(len(hits), "") + " to it: see to that, or bring it back"
	}
	return fmt.Errorf("%s:\n%s", why, strings.Join(lines, "\n"))
}

func referring(n int, still string) string {
	if n == 1 {
		return "1 thing " + still + "refers"
	}
	return fmt.Sprintf("%d things %srefer", n, still)
}

// bury moves the path aside.
func (r *Retired) bury(plan *node.Plan, v node.View, now node.State) error {
	grave := string(r.Path) + graveMark + v.Now().UTC().Format(graveDay)
	there, err := v.Lstat(grave)
	if err != nil {
		return err
	}
	point, err := v.MountBelow(string(r.Path))
	switch {
	case now.Kind == node.Directory && err != nil:
		return err
	case point != "":
		return fmt.Errorf("something is mounted at %s: unmount it first", point)
	case there.Kind != node.Absent:
		return fmt.Errorf("another one was moved to %s today: move that away, or wait until tomorrow", grave)
	}
	move := &node.TreeMove{From: string(r.Path), To: grave, Was: now, Becomes: closed(v, now)}
	plan.Changes = append(plan.Changes, move)
	return r.keep(plan, v.With(move), grave)
}

// keep lets nobody but root get at what was moved aside, until it has soaked.
func (r *Retired) keep(plan *node.Plan, v node.View, grave string) error {
	now, err := look(v, grave)
	if err != nil {
		return err
	}
	day, err := time.Parse(graveDay, grave[len(r.Path)+len(graveMark):])
	if err != nil {
		return err
	}
	until := day.AddDate(0, 0, 1).Add(r.soak())
	if !v.Now().Before(until) {
		plan.Changes = append(plan.Changes, &node.TreeRemoval{Path: grave, State: now})
		return nil
	}
	plan.Notes = append(plan.Notes, fmt.Sprintf("soaking: %s is deleted for good after %s, unless something refers to it", grave, until.Local().Format("2006-01-02 15:04")))
	if shut := closed(v, now); !shut.Matches(now) {
		plan.Changes = append(plan.Changes, &node.PathChange{Path: grave, From: now, To: shut})
	}
	return nil
}

// closed is what lies in a grave, which only root can get at. What is of no account is
// left as it is: a symlink, and a file that has other names, under which it stays in use.
func closed(v node.View, now node.State) node.State {
	switch {
	case now.Kind == node.Directory:
		now.Mode = 0o700
	case now.Kind == node.File && now.Links < 2:
		now.Mode = 0o600
	default:
		return now
	}
	if v.Owners() {
		now.Owner, now.Group = "root", "root"
	}
	return now
}

func (r *Retired) soak() time.Duration {
	if r.Soak == nil {
		return defaultSoak
	}
	return time.Duration(*r.Soak)
}

// Owns is part of Owner.
func (r *Retired) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: string(r.Path)}}
}

// Departs is part of Departer.
func (r *Retired) Departs() bool { return true }

// tooHigh are paths that a system does not run without.
var tooHigh = []string{"/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib"}

// Check is part of Checker.
func (r *Retired) Check() error {
	if slices.Contains(tooHigh, string(r.Path)) {
		return fmt.Errorf("%s is a part of every system: name what lies in it", r.Path)
	}
	return nil
}
