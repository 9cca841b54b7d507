package resources

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file plans the move of a home: the copy, made while all goes on; what brings it
// up to date when nobody uses the home; the change of the user; and a last look.

// move puts the move around the change of the user.
func (u *User) move(v node.View, now node.User, plan node.Plan) (node.Plan, error) {
	from, to := now.Home, string(u.Home)
	if from == to {
		if old, late := node.CopyOf(v, to); late {
			plan.Changes = append(plan.Changes, &node.TreeLook{From: old, To: to, User: string(u.Name)})
		}
		return plan, nil
	}
	top, err := v.Lstat(from)
	switch {
	case err != nil:
		return plan, fmt.Errorf("move: %w", err)
	case top.Kind == node.Absent:
		plan.Notes = append(plan.Notes, fmt.Sprintf("its old home %s is not there: there is nothing to move", from))
		return plan, nil
	case top.Kind != node.Directory:
		return plan, fmt.Errorf("move: the old home %s is %s, not a directory: set the user's home to where it leads, and apply again", from, top.A())
	}
	if err := errors.Join(u.movable(v, from), vacant(v, from, to)); err != nil {
		return plan, fmt.Errorf("move: %w", err)
	}
	return u.moveAround(v, from, top, plan)
}

func (u *User) moveAround(v node.View, from string, top node.State, plan node.Plan) (node.Plan, error) {
	to := string(u.Home)
	size, err := v.Measure(from)
	if err != nil {
		return plan, fmt.Errorf("move: %w", err)
	}
	was, err := v.Lstat(to)
	if err != nil {
		return plan, err
	}
	if of, _ := node.CopyOf(v, to); of != "" {
		was = node.State{} // an earlier copy is taken up again
	}
	for _, socket := range size.Sockets {
		plan.Notes = append(plan.Notes, "the socket "+socket+" is left out: what listens there makes it again")
	}
	plan.Notes = append(plan.Notes, fmt.Sprintf("the old home %s is left as it is", from))
	user := string(u.Name)
	plan.Changes = slices.Concat([]node.Change{
		&node.TreeCopy{From: from, To: to, User: user, Files: size.Files, Bytes: size.Bytes},
		&node.TreeSync{From: from, To: to, User: user, Was: was, Top: top},
	}, plan.Changes, []node.Change{&node.TreeLook{From: from, To: to, User: user}})
	return plan, nil
}

// movable says what keeps a home from being moved away from where it is.
func (u *User) movable(v node.View, from string) error {
	to := string(u.Home)
	switch {
	case from == "/":
		return errors.New("the old home is /: that cannot be moved")
	case within(to, from):
		return fmt.Errorf("the new home %s lies in the old one, %s: move it by hand", to, from)
	case within(from, to):
		return fmt.Errorf("the old home %s lies in the new one, %s: move it by hand", from, to)
	}
	mounted, err := v.MountBelow(from)
	if err == nil && mounted != "" {
		err = fmt.Errorf("another file system is mounted at %s: unmount it, or move the home by hand", mounted)
	}
	return errors.Join(err, u.inTheWay(v, from))
}

// idle names the processes of the user that keep usermod(8) from changing its home or
// number.
func (u *User) idle(v node.View, now node.User) error {
	if (u.Home == "" || string(u.Home) == now.Home) && (u.UID == nil || *u.UID == now.UID) {
		return nil
	}
	return u.inTheWay(v, "")
}

// inTheWay names the processes that will be in the way: not those of units that are
// stopped by then, nor those that have come just now and may soon be gone.
func (u *User) inTheWay(v node.View, from string) error {
	found, err := v.Holders(string(u.Name), from)
	if err != nil {
		return err
	}
	return node.InTheWay(from, slices.DeleteFunc(found, func(h node.Holder) bool {
		if h.Unit == "" || h.Brief() {
			return h.Brief()
		}
		unit, err := v.Unit(h.Unit)
		return err == nil && unit.ActiveState == "inactive"
	}))
}

// vacant says what is in the way of a home at its new place.
func vacant(v node.View, from, to string) error {
	above := to[:strings.LastIndexByte(to, '/')]
	if s, err := v.Lstat(above); above != "" && (err != nil || s.Kind == node.Absent) {
		return errors.Join(err, fmt.Errorf("%s is not there: declare it under directories", above))
	}
	s, err := v.Lstat(to)
	switch {
	case err != nil || s.Kind == node.Absent:
		return err
	case s.Kind != node.Directory:
		return fmt.Errorf("%s is %s: move it away", to, s.A())
	}
	if of, _ := node.CopyOf(v, to); of == from {
		return nil
	}
	names, err := v.ReadDir(to)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("%s is there, and is not a copy that this agent has made of %s: %s in it: nothing is put over that: move it away, or leave move out if it is a copy of your own: then the home alone changes", to, from, areIn(names))
	}
	return err
}

func areIn(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return few(names) + " are"
}
