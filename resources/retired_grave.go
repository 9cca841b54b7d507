package resources

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file moves aside what should go away, and keeps it for a while.

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
	plan.Notes = append(plan.Notes, "removable: nothing refers to it any more")
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
		if _, twin := follow(v, string(r.Twin)); r.Twin != "" && twin.Kind == node.Absent {
			return fmt.Errorf("%s has soaked, but its twin %s is gone, so it may be the last to hold what it holds: name the twin that is there now, or bring that back", grave, r.Twin)
		}
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
