package resources

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A User is a user of the node's own database, passwd(5), made and changed
// through useradd(8), usermod(8) and userdel(8). Its home is a directory like any
// other: it is neither made nor removed with the user, and moved only with move: true.
//
//	users:
//	  makenotwork: {shell: /bin/bash, login: true}
//	  git: {home: /var/lib/mnw/git, move: true}
type User struct {
	Name UserName `yaml:"-"`
	// UID is the number. Default for a new user: the next free one. Files outside
	// the home keep the number that they had.
	UID *int `yaml:"uid,omitempty"`
	// Group is the primary group. Default for a new user: the group of the user's
	// name, which is made with the user unless it is there.
	Group GroupName `yaml:"group,omitempty"`
	// Groups are supplementary groups that the user must be in. It stays in
	// others as well, unless exclusive is true.
	Groups []GroupName `yaml:"groups,omitempty"`
	// Exclusive takes the user out of all supplementary groups that groups does
	// not name.
	Exclusive bool `yaml:"exclusive,omitempty"`
	// Home is the home directory. The user must be able to get into it, which is
	// examined before anything is written. What is in the old one stays there, unless
	// move is true. It cannot change while the user has a process: plan names those that
	// have run for 15 s. Default for a new user: its name below /home.
	Home Path `yaml:"home,omitempty"`
	// Move takes what is in the old home along when the home changes: it is copied while
	// it is in use, brought up to date and verified when nobody uses it, and then the
	// user's home changes. The old home is left as it is. Hard links,
	// extended attributes, ACLs, holes, owners, modes and times are kept; sockets are
	// left out. Processes of the user, or with files in the old home, are in the way:
	// those that have run for 15 s are named by plan; others have a minute to end
	// before a unit is stopped for the user (needs_stop), and 15 s afterwards. What
	// systemd keeps for the user after the last session is stopped. The new home must
	// not be there, or be empty, and the directory that it lies in must be there.
	Move bool `yaml:"move,omitempty"`
	// Shell is the program that a login starts. Default for a new user: SHELL in
	// /etc/default/useradd, otherwise /bin/sh.
	Shell Path `yaml:"shell,omitempty"`
	// Comment is the full name, or what else the user is for.
	Comment *string `yaml:"comment,omitempty"`
	// System takes the number of a new user from the range for the system's own,
	// below 1000. It says nothing about a user that is there.
	System bool `yaml:"system,omitempty"`
	// Login says that sshd would let this user in. Each reason why it would not,
	// from the shell to the modes on the way to the user's keys, is an error, found
	// before anything is written. What depends on the client's address, such as a
	// Match Address block, is not examined, nor whether there is a key.
	Login bool `yaml:"login,omitempty"`
	// State is whether the user should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// Plan is part of Resource.
func (u *User) Plan(_ context.Context, v node.View) (node.Plan, error) {
	now, there := v.User(string(u.Name))
	if u.Departs() {
		if !there {
			return node.Plan{}, nil
		}
		return u.remove(v, now), nil
	}
	if err := u.possible(v); err != nil {
		return node.Plan{}, err
	}
	var plan node.Plan
	var err error
	switch {
	case !there:
		plan = u.create(v)
	case u.Move:
		plan, err = u.move(v, now, u.alter(v, now))
	default:
		plan = u.alter(v, now)
		err = u.idle(v, now)
	}
	if u.Login && unexaminable(v) {
		plan.Notes = append(plan.Notes, "login is not examined: there is no sshd in this tree")
	}
	return plan, err
}

// Examine is part of Examiner.
func (u *User) Examine(_ context.Context, v node.View) error {
	user, ok := v.User(string(u.Name))
	if u.Departs() || !ok {
		return nil
	}
	var errs []error
	if at, state, ok := blocked(v, user, user.Home); ok && u.Home != "" {
		errs = append(errs, fmt.Errorf("home: %w", barred(user, at, state)))
	}
	if u.Login {
		for _, reason := range refusals(v, user) {
			errs = append(errs, fmt.Errorf("login: %w", reason))
		}
	}
	return errors.Join(errs...)
}

// barred tells what bars a user's way, and what to do about it.
func barred(user node.User, at string, s node.State) error {
	if s.Kind != node.Directory {
		return fmt.Errorf("%s is %s, not a directory", at, s.A())
	}
	return fmt.Errorf("%s cannot get into %s (%s): give that mode %s", user.Name, at, s, letting(user, s, mayEnter))
}

// Owns is part of Owner.
func (u *User) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfUser, Name: string(u.Name)}}
}

// Needs is part of Needer: without a declared group, the one of the user's name
// is the primary one if it is there. What is moved needs the directories above.
func (u *User) Needs() []node.Subject {
	var needs []node.Subject
	if u.Group == "" {
		needs = append(needs, node.Subject{Kind: node.OfGroup, Name: string(u.Name)})
	}
	if u.Move && u.Home != "" {
		for dir := path.Dir(string(u.Home)); dir != "/"; dir = path.Dir(dir) {
			needs = append(needs, node.Subject{Kind: node.OfPath, Name: dir})
		}
	}
	return needs
}

// Departs is part of Departer.
func (u *User) Departs() bool { return u.State.Departs() }

// Lingers is part of Lingerer: units may run as the user.
func (*User) Lingers() Farewell { return AfterRuns }

// Check is part of Checker.
func (u *User) Check() error {
	var errs []error
	if u.UID != nil {
		errs = append(errs, inField(checkID(*u.UID), "uid"))
	}
	errs = append(errs,
		inField(checkColumn(string(u.Home)), "home"),
		inField(checkColumn(string(u.Shell)), "shell"))
	if u.Comment != nil {
		errs = append(errs, inField(checkColumn(*u.Comment), "comment"))
	}
	if u.Move && u.Home == "" {
		errs = append(errs, inField(errors.New("it says what moves, but not where to: declare home as well"), "move"))
	}
	if u.Departs() && u.Name == "root" {
		errs = append(errs, inField(errors.New("root cannot go"), "state"))
	}
	return errors.Join(errs...)
}

// checkID holds a number to what useradd(8) and groupadd(8) take. 65535 is
// nobody's, since it once meant "none".
func checkID(id int) error {
	if id < 0 || id >= 1<<32-1 || id == 65535 {
		return fmt.Errorf("%d is not an id: want 0 to 4294967294, but not 65535", id)
	}
	return nil
}

// checkColumn holds a text to what fits in a column of passwd(5).
func checkColumn(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r == ':' || r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%q cannot stand in passwd(5): it holds a colon or a control character", text)
	}
	return nil
}
