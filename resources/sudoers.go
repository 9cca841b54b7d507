package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Sudoers is a drop-in in /etc/sudoers.d, mode 0440 and owned by root, as
// sudoers(5) wants it. The whole policy is judged by visudo with the drop-in in
// its place, before anything is written.
//
// What it grants on this host is examined as well, on the node as it will be. A
// command that does not exist is refused, but for patterns; so is one that lies in a
// path that the manifest retires, which is a note before its day; so is one that
// a user to whom it is granted could replace, by writing to it or to a directory on
// the way to it, where that gives root's rights: privilege escalation. Where it
// gives another user's or a group's, or only spares a user who may do everything
// the password, it is noted. accept_missing and accept_gain say that it is meant.
//
// Not looked at are what sudo guards itself (sudoedit, commands with a digest), other hosts,
// CHROOT, regular expressions and netgroups, and a tree without sudo.
//
//	sudoers:
//	  mnw-git-ssh:
//	    content: "makenotwork ALL=(git) NOPASSWD: /opt/mnw/current/mnw-admin rebuild-keys\n"
//	    accept_gain: {makenotwork: [git]}
type Sudoers struct {
	Name string `yaml:"-"`
	Text `yaml:",inline"`
	Edit `yaml:",inline"`
	// AcceptGain is users, as `alice`, `%group` or `ALL`, with whose rights they may
	// gain by replacing a command that is granted to them: users, or groups as
	// `:group`. It is then neither refused nor noted.
	AcceptGain map[string][]string `yaml:"accept_gain,omitempty"`
	// AcceptMissing is commands, or directories of commands, that may be granted
	// although they do not exist yet.
	AcceptMissing []Path `yaml:"accept_missing,omitempty"`
	// State is whether it should be there. Default: present.
	State Presence `yaml:"state,omitempty"`

	retired []*Retired // in the same manifest
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

// Examine is part of Examiner.
func (s *Sudoers) Examine(_ context.Context, v node.View) error {
	_, err := s.Remark(v)
	return err
}

// Remark is part of Remarker.
func (s *Sudoers) Remark(v node.View) (remarks []string, err error) {
	l := s.lint(v)
	var errs []error
	for _, refusal := range l.refusals {
		errs = append(errs, errors.New(refusal))
	}
	return l.remarks, errors.Join(errs...)
}

// Meets is part of Neighbour.
func (s *Sudoers) Meets(all []Resource) {
	s.retired = nil
	for _, other := range all {
		if r, ok := other.(*Retired); ok {
			s.retired = append(s.retired, r)
		}
	}
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
	return errors.Join(s.checkName(), atMostOne(whole), s.check(), s.beside(whole, "drop-in"), s.checkGains())
}

func (s *Sudoers) checkGains() error {
	var errs []error
	for who, gains := range s.AcceptGain {
		if strings.Trim(who, "% ") == "" || len(gains) == 0 || slices.Contains(gains, "") {
			errs = append(errs, inField(errors.New("want a user, %group or ALL, with a list of users or :groups"), "accept_gain", who))
		}
	}
	return errors.Join(errs...)
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
