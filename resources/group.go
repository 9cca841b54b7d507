package resources

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Group is a group of the node's own database, group(5), made and changed
// through groupadd(8), groupmod(8) and groupdel(8). Who is in it is said by the
// users.
//
//	groups:
//	  deploy: {}
type Group struct {
	Name GroupName `yaml:"-"`
	// GID is the number. Default for a new group: the next free one. Files keep
	// the number that they had.
	GID *int `yaml:"gid,omitempty"`
	// System takes the number of a new group from the range for the system's own,
	// below 1000. It says nothing about a group that is there.
	System bool `yaml:"system,omitempty"`
	// State is whether the group should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// Plan is part of Resource.
func (g *Group) Plan(_ context.Context, v node.View) (node.Plan, error) {
	now, there := v.Group(string(g.Name))
	if g.Departs() {
		if !there {
			return node.Plan{}, nil
		}
		return g.remove(v, now)
	}
	change := &node.GroupChange{Name: string(g.Name), To: node.GroupRecord{Present: true}}
	if g.GID != nil {
		change.To.GID = strconv.Itoa(*g.GID)
	}
	if there && (g.GID == nil || *g.GID == now.GID) {
		return node.Plan{}, nil
	}
	if g.GID != nil {
		for _, other := range node.Groups(v) {
			if other.GID == *g.GID && other.Name != now.Name {
				return node.Plan{}, fmt.Errorf("gid: %d belongs to group %s", *g.GID, other.Name)
			}
		}
	}
	plan := node.Plan{Changes: []node.Change{change}}
	if !there {
		change.To.System = g.System
		return plan, nil
	}
	change.From = node.GroupRecord{Present: true, GID: strconv.Itoa(now.GID)}
	plan.Notes = []string{fmt.Sprintf("files of gid %d keep that number", now.GID)}
	return plan, nil
}

// Import is part of Importer.
func (g *Group) Import(v node.View) ([]string, error) {
	now, ok := v.Group(string(g.Name))
	if !ok {
		return nil, fmt.Errorf("there is no group %q", g.Name)
	}
	if now.GID >= 0 {
		g.GID = &now.GID
	}
	return nil, nil
}

// remove holds all that is lost, so that the way back restores it.
func (g *Group) remove(v node.View, now node.Group) (node.Plan, error) {
	for _, u := range node.Users(v) {
		if u.Group == now.Name {
			return node.Plan{}, fmt.Errorf("it is the primary group of user %s: give that user another group", u.Name)
		}
	}
	from := node.GroupRecord{Present: true, GID: strconv.Itoa(now.GID), Members: now.Members}
	return node.Plan{Changes: []node.Change{&node.GroupChange{Name: now.Name, From: from}}}, nil
}

// Owns is part of Owner.
func (g *Group) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfGroup, Name: string(g.Name)}}
}

// Departs is part of Departer.
func (g *Group) Departs() bool { return g.State.Departs() }

// Lingers is part of Lingerer: it may be the group of a user who goes, too.
func (*Group) Lingers() Farewell { return AfterUsers }

// Check is part of Checker.
func (g *Group) Check() error {
	var errs []error
	if g.GID != nil {
		errs = append(errs, inField(checkID(*g.GID), "gid"))
	}
	if g.Departs() && g.Name == "root" {
		errs = append(errs, inField(errors.New("root cannot go"), "state"))
	}
	return errors.Join(errs...)
}
