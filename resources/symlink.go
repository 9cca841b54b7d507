package resources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Symlink is a symbolic link. A new target is swapped in atomically: nobody
// ever finds no link there.
//
//	symlinks:
//	  /opt/mnw/yara-rules: {target: /opt/makenotwork/yara-rules}
//	  /opt/mnw/current: {}     # another tool owns it: it must be a link, and resolve
type Symlink struct {
	Path Path `yaml:"-"`
	// Target is where it leads, absolute or relative to its directory. Without it
	// only this is asserted: that a link is there and leads to something.
	Target string `yaml:"target,omitempty"`
	// Owner is the user that owns the link itself. Default for a new link: root.
	Owner UserName `yaml:"owner,omitempty"`
	// Group is the group that owns the link itself. Default for a new link: root.
	Group GroupName `yaml:"group,omitempty"`
	// Replace lets a file, or a directory with all that is in it, that is in the
	// way go. Otherwise it is an error.
	Replace bool `yaml:"replace,omitempty"`
	// State is whether it should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// Plan is part of Resource.
func (s *Symlink) Plan(_ context.Context, v node.View) (node.Plan, error) {
	now, err := v.Lstat(string(s.Path))
	if err != nil {
		return node.Plan{}, err
	}
	want := node.Want{
		Kind: node.Symlink, Target: s.Target, Replace: s.Replace,
		Owner: string(s.Owner), Group: string(s.Group), Mode: node.ModeUnset,
	}
	switch {
	case s.Departs() && now.Kind != node.Absent && now.Kind != node.Symlink:
		return node.Plan{}, fmt.Errorf("it is %s, not a symlink: move it away", now.A())
	case s.Departs():
		want = node.Want{Kind: node.Absent}
	case s.Target == "" && now.Kind != node.Symlink:
		return node.Plan{}, fmt.Errorf("it should be a symlink that another tool has made, and is %s", now.A())
	case s.Target == "":
		want.Target = now.Target
	}
	changes, err := node.Converge(v, string(s.Path), want)
	return node.Plan{Changes: changes}, err
}

// Import is part of Importer. That root owns it, as it does a new one, is not declared.
func (s *Symlink) Import(v node.View) (notes []string, err error) {
	now, err := found(v, string(s.Path), node.Symlink)
	if err != nil {
		return nil, err
	}
	if !isText(now.Target) {
		return nil, errors.New("where it leads is no text, which no manifest can hold")
	}
	s.Target = now.Target
	if now.Owner != "root" {
		notes = taken(&s.Owner, "its owner", now.Owner)
	}
	if now.Group != "root" {
		notes = append(notes, taken(&s.Group, "its group", now.Group)...)
	}
	return notes, nil
}

// Examine is part of Examiner: a link without a declared target must resolve.
func (s *Symlink) Examine(_ context.Context, v node.View) error {
	if s.Target != "" || s.Departs() {
		return nil
	}
	target, err := v.Readlink(string(s.Path))
	if err != nil {
		return err
	}
	if !resolves(v, string(s.Path)) {
		return fmt.Errorf("it leads to %s, which does not exist", target)
	}
	return nil
}

// resolves says whether something is at the end of the links at a path.
func resolves(v node.View, at string) bool {
	_, end := follow(v, at)
	return end.Kind != node.Absent && end.Kind != node.Symlink
}

// target is where a link at a path with such a target leads.
func target(link, to string) string {
	if path.IsAbs(to) {
		return path.Clean(to)
	}
	return path.Join(path.Dir(link), to)
}

// Owns is part of Owner.
func (s *Symlink) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: string(s.Path)}}
}

// Needs is part of Needer: a link comes after what it leads to.
func (s *Symlink) Needs() []node.Subject {
	if s.Target == "" {
		return nil
	}
	return []node.Subject{{Kind: node.OfPath, Name: target(string(s.Path), s.Target)}}
}

// Departs is part of Departer.
func (s *Symlink) Departs() bool { return s.State.Departs() }

// Check is part of Checker.
func (s *Symlink) Check() error {
	switch {
	case s.Replace && s.Target == "" && !s.Departs():
		return inField(errors.New("replace goes with a target"), "replace")
	case strings.ContainsRune(s.Target, 0):
		return inField(fmt.Errorf("a target cannot hold a NUL byte: %w", fs.ErrInvalid), "target")
	case s.Target == string(s.Path):
		return inField(errors.New("the link leads to itself"), "target")
	}
	return nil
}
