package resources

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Sudoers is a drop-in in /etc/sudoers.d, mode 0440 and owned by root, as
// sudoers(5) wants it. The whole policy is judged by visudo with the drop-in in
// its place, before anything is written.
//
//	sudoers:
//	  mnw-git-ssh:
//	    content: "makenotwork ALL=(git) NOPASSWD: /opt/mnw/current/mnw-admin rebuild-keys\n"
type Sudoers struct {
	Name string `yaml:"-"`
	Text `yaml:",inline"`
	Edit `yaml:",inline"`
	// State is whether it should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

const (
	sudoersFile = "/etc/sudoers"
	sudoersDir  = "/etc/sudoers.d"
)

func (s *Sudoers) path() string { return sudoersDir + "/" + s.Name }

// Plan is part of Resource.
func (s *Sudoers) Plan(ctx context.Context, v node.View) (node.Plan, error) {
	mode := node.Mode(0o440)
	file := File{Path: Path(s.path()), Text: s.Text, Edit: s.Edit, State: s.State}
	if !s.Departs() {
		file.Perm = Perm{Owner: "root", Group: "root", Mode: &mode}
	}
	return file.Plan(ctx, v)
}

// Judges is part of Judged.
func (s *Sudoers) Judges(node.View) ([]node.Judge, error) {
	return []node.Judge{{
		Argv:    []string{"visudo", "-c", "-s"},
		Limit:   judgeLimit,
		Reads:   []string{sudoersFile, sudoersDir},
		Own:     []string{s.path() + ":"},
		Package: "sudo",
		Calm:    []string{"parsed OK"},
	}}, nil
}

// Owns is part of Owner.
func (s *Sudoers) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: s.path()}}
}

// Departs is part of Departer.
func (s *Sudoers) Departs() bool { return s.State.Departs() }

// Check is part of Checker.
func (s *Sudoers) Check() error {
	whole := s.declared()
	return errors.Join(s.checkName(), atMostOne(whole), s.check(), s.beside(whole, "drop-in"))
}

// checkName refuses the names that sudo silently ignores in a directory.
func (s *Sudoers) checkName() error {
	better := strings.TrimRight(strings.ReplaceAll(s.Name, ".", "-"), "~")
	switch {
	case s.Name == "" || strings.ContainsAny(s.Name, "/\x00") || len(s.Name) > 255:
		return fmt.Errorf("%q is not the name of a file in %s", s.Name, sudoersDir)
	case better == "":
		return errors.New("sudo ignores drop-ins whose name ends in ~, and so this one: give it a name with letters")
	case strings.Contains(s.Name, "."):
		return fmt.Errorf("sudo ignores drop-ins with a dot in their name, and so this one: name it %s", better)
	case strings.HasSuffix(s.Name, "~"):
		return fmt.Errorf("sudo ignores drop-ins whose name ends in ~, and so this one: name it %s", better)
	}
	return nil
}
