package node

import (
	"fmt"
	"slices"
)

// Back plans the way back from a change: what turns the node that v shows into
// the one that the change saw. Nothing is to be done where that is so already;
// a *MovedError says that the node is neither as the change left it nor as it
// found it; anyhow sets the state that was before all the same, for a change that
// was in hand when a run died, or when somebody insists. What others have put into
// a new directory stays, and so does the directory. What units do is not taken back here, but that one which the change
// started is stopped: what they must do follows from the files.
func Back(v View, c Change, anyhow bool) (Plan, error) { return c.back(v, anyhow) }

func (c *PathChange) back(v View, anyhow bool) (Plan, error) {
	now, err := v.Lstat(c.Path)
	if err != nil {
		return Plan{}, err
	}
	now.Content = nil
	if now.Kind == File && (c.From.Content != nil || c.To.Content != nil) {
		if now.Content, err = readContent(v, c.Path); err != nil {
			return Plan{}, err
		}
	}
	switch {
	case c.From.Matches(now), c.From.Kind == Other && now.Kind == Other:
		return Plan{}, nil
	case c.From.Kind == Other && now.Kind == Absent:
		return Plan{Notes: []string{fmt.Sprintf("the %s is not brought back: what uses it makes it again", c.From.Odd)}}, nil
	}
	if now.Kind == Directory && c.To.Kind == Directory && c.From.Kind != Directory {
		names, err := v.ReadDir(c.Path)
		switch {
		case err != nil:
			return Plan{}, err
		case len(names) > 0: // whoever it belongs to by now
			return Plan{Notes: []string{fmt.Sprintf("the directory is kept: others have put %s into it", some(names))}}, nil
		}
	}
	if !c.To.Matches(now) && !c.between(now) && !anyhow {
		return Plan{}, c.moved(now.String())
	}
	return Plan{Changes: []Change{c.backFrom(now)}}, nil
}

// backFrom is the way back from a state that is not just what the change made.
func (c *PathChange) backFrom(now State) *PathChange {
	now.Xattrs = c.To.Xattrs
	back := &PathChange{Path: c.Path, From: now, To: c.From, Shown: c.Shown.inverse()}
	if c.Shown != nil && !c.To.Matches(now) {
		back.Shown = &Shown{} // nobody has said what of it may be shown
	}
	return back
}

// between says whether a state lies on the way from one side of the change to
// the other: owner, group and mode are not set in one step.
func (c *PathChange) between(now State) bool {
	either := func(a, b, now string) bool { return sameName(a, now) || sameName(b, now) }
	return c.alters() && now.Kind == c.To.Kind && (now.Mode == c.From.Mode || now.Mode == c.To.Mode) &&
		either(c.From.Owner, c.To.Owner, now.Owner) && either(c.From.Group, c.To.Group, now.Group)
}

func (c *PathChange) moved(found string) error {
	return &MovedError{Subject: c.Subject(), Saw: c.To.String(), Found: found}
}

func (c *CrontabChange) back(v View, anyhow bool) (Plan, error) {
	text, there, err := v.Crontab(c.User)
	if err != nil {
		return Plan{}, err
	}
	var now *Content
	if there {
		now = NewContent(text)
	}
	back := &CrontabChange{User: c.User, From: now, To: c.From, Shown: c.Shown.inverse()}
	switch {
	case sameTable(now, c.From):
		return Plan{}, nil
	case sameTable(now, c.To):
	case !anyhow:
		return Plan{}, &MovedError{Subject: c.Subject(), Saw: tellTable(c.To), Found: tellTable(now)}
	case c.Shown != nil:
		back.Shown = &Shown{}
	}
	return Plan{Changes: []Change{back}}, nil
}

// back of a change of one group. A group has so little that it is never found
// between two states. One that others have come into stays, as a directory does.
func (c *GroupChange) back(v View, anyhow bool) (Plan, error) {
	g, there := v.Group(c.Name)
	now := GroupRecord{Present: there}
	if there && (c.From.GID != "" || c.To.GID != "") {
		now.GID = fmt.Sprint(g.GID)
	}
	same := func(side GroupRecord) bool {
		return side.Present == there && (!there || side.GID == "" || side.GID == now.GID)
	}
	switch {
	case same(c.From):
		return Plan{}, nil
	case !same(c.To) && !anyhow:
		return Plan{}, &MovedError{Subject: c.Subject(), Saw: c.To.String(), Found: now.String()}
	}
	if !c.From.Present {
		if others := c.others(v, g); len(others) > 0 {
			return Plan{Notes: []string{fmt.Sprintf("the group is kept: %s in it", are(others))}}, nil
		}
		now = GroupRecord{Present: true, GID: fmt.Sprint(g.GID), Members: g.Members}
	}
	return Plan{Changes: []Change{&GroupChange{Name: c.Name, From: now, To: c.From}}}, nil
}

// others is who is in a group that the change has made, but for those whom it put
// there itself.
func (c *GroupChange) others(v View, g Group) []string {
	others := slices.DeleteFunc(slices.Clone(g.Members), func(name string) bool { return slices.Contains(c.To.Members, name) })
	for _, u := range Users(v) {
		if u.Group == c.Name && !slices.Contains(others, u.Name) {
			others = append(others, u.Name)
		}
	}
	slices.Sort(others)
	return others
}

func are(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return some(names) + " are"
}

// back stops what the change has started. It is the first to be taken back, when
// the unit's files and users are still there.
func (a *UnitAction) back(v View, _ bool) (Plan, error) {
	if a.Verb != StartUnit {
		return Plan{}, nil
	}
	now, err := v.Unit(a.Unit)
	switch {
	case err != nil:
		return Plan{}, err
	case now.Own:
		return Plan{Notes: []string{"it is left running: this run is a part of it"}}, nil
	case !slices.Contains([]string{"active", "reloading", "activating"}, now.ActiveState):
		return Plan{}, nil
	}
	return Plan{Changes: []Change{&UnitAction{Unit: a.Unit, Verb: StopUnit, From: now, Why: "it was " + a.From.State() + " before"}}}, nil
}

func (*ManagerReload) back(View, bool) (Plan, error) { return Plan{}, nil }
