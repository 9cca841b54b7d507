package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Retired is a path that should go away, in steps. While anything refers to it
// (referenced), nothing is done and all that does is told, each with its file and
// line. Until its day it is left where it is (soaking); from then on (removable) it is
// moved aside, to the path with .retired- and the day, which only root may enter.
// There it soaks on: if it was needed after all, `rollback` brings it back as it was.
// What has soaked for long enough, and is still not referred to, is deleted for good
// (absent). There is no way to force any of it.
//
// Looked at are unit files and drop-ins, environment files, crontabs, sudoers, homes
// and shells, forced commands, Caddyfiles, symlinks, mounts, fstab, logrotate,
// tmpfiles.d, all processes, and what is written in the programs and scripts that
// these run. Only keys are shown of environments, never values.
//
//	retired:
//	  /opt/makenotwork: {after: 2026-12-01, soak: 168h}
type Retired struct {
	Path Path `yaml:"-"`
	// After is the day from which on it may go, such as 2026-12-01. Before it, what
	// still refers to the path is a note; from then on it is an error. Default: today.
	// It stands in the place of the ids that others name here: what is retired comes
	// last of all.
	After Day `yaml:"after,omitempty"`
	// Soak is how long it is kept after it was moved aside, counted from the end of that
	// day (UTC). Default: 168h.
	Soak *Duration `yaml:"soak,omitempty"`
	// Twin is the path that has taken its place, such as /var/lib/mnw/git of /opt/git.
	// While both are there they should hold the same: where they do not, that is drift,
	// which is told and left to you. As long as it holds what the twin lacks, it stays: a
	// file that the twin has not, or has otherwise and not newer (by mtime); of a git
	// repository a ref that the twin has not, neither at the same commit nor at one that
	// comes from it, or objects that the twin only borrows. Files are compared by what
	// they hold. Owners and modes are not compared.
	Twin Path `yaml:"twin,omitempty"`
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
func (r *Retired) Plan(ctx context.Context, v node.View) (node.Plan, error) {
	now, err := look(v, string(r.Path))
	if err != nil {
		return node.Plan{}, err
	}
	graves, err := r.graves(v)
	if err != nil || now.Kind == node.Absent && len(graves) == 0 {
		return node.Plan{}, err
	}
	ctx, cancel := inHalf(ctx, "to look for what refers to it, and at its twin,")
	defer cancel()
	hits, notes, err := takeCensus(ctx, v, string(r.Path), graves)
	if err != nil {
		return node.Plan{Notes: notes}, err
	}
	plan := node.Plan{Notes: notes}
	due := now.Kind != node.Absent && len(hits) == 0 && r.After.hasCome(v.Now())
	if err := r.mindTwin(ctx, &plan, v, now, due); err != nil {
		return plan, err
	}
	switch {
	case len(hits) > 0:
		err = r.referenced(&plan, v, now, hits)
	case now.Kind != node.Absent && !due:
		plan.Notes = append(plan.Notes, fmt.Sprintf("soaking: nothing refers to it any more: it may go from %s on", r.After))
	case due:
		err = r.bury(&plan, v, now)
	default:
		for _, grave := range graves {
			err = errors.Join(err, r.keep(&plan, v, grave))
		}
	}
	return plan, err
}

// inHalf is a context that ends when half of the time that is left is over: what is looked
// at belongs to users, who can make it as large as they like, and the rest of the node is
// not to wait for that.
func inHalf(ctx context.Context, what string) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	half := time.Until(end) / 2
	return context.WithTimeoutCause(ctx, half, fmt.Errorf("%s takes longer than %s, half of the time that was left", what, half.Round(time.Second)))
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
	if now.Kind != node.Absent && !r.After.hasCome(v.Now()) {
		plan.Notes = append(plan.Notes, fmt.Sprintf("referenced: %s to it, which is no error before %s", referring(len(hits), ""), r.After))
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

// Lingers is part of Lingerer: nothing must refer to the path any more, whoever has seen to
// that.
func (*Retired) Lingers() Farewell { return AfterAll }

// tooHigh are paths that a system does not run without.
var tooHigh = []string{"/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib"}

// Check is part of Checker.
func (r *Retired) Check() error {
	if slices.Contains(tooHigh, string(r.Path)) {
		return fmt.Errorf("%s is a part of every system: name what lies in it", r.Path)
	}
	if at, twin := string(r.Path), string(r.Twin); twin != "" && (within(twin, at) || within(at, twin)) {
		return &FieldError{[]string{"twin"}, fmt.Errorf("%s and %s lie in each other: a twin is another tree", at, twin)}
	}
	return nil
}
