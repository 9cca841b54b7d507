package node

import (
	"maps"
	"slices"
)

// Join is what two changes of one subject come to, the second made some time after
// the first: from what the first one saw to what the second one left. Whatever
// others have done in between is not told. What units do is not joined: the first
// one stands.
func Join(first, second Change) Change {
	switch a := first.(type) {
	case *PathChange:
		if b, ok := second.(*PathChange); ok {
			return &PathChange{Path: a.Path, From: a.From.withContent(b.From), To: b.To.withContent(a.To), Shown: joinShown(a.Shown, b.Shown)}
		}
	case *CrontabChange:
		if b, ok := second.(*CrontabChange); ok {
			return &CrontabChange{User: a.User, From: a.From, To: b.To, Shown: joinShown(a.Shown, b.Shown)}
		}
	case *GroupChange:
		if b, ok := second.(*GroupChange); ok {
			return &GroupChange{Name: a.Name, From: a.From.before(b.From), To: b.To.before(a.To)}
		}
	case *UserChange:
		if b, ok := second.(*UserChange); ok {
			return a.join(b)
		}
	}
	return first
}

// withContent is the state of a file, with the content that only another state of it
// tells: a change of the mode says nothing of what the file holds.
func (s State) withContent(other State) State {
	if s.Kind == File && other.Kind == File && s.Content == nil {
		s.Content = other.Content
	}
	return s
}

// joinShown shows nothing of contents that hold secrets: nobody has said what may
// be shown of the whole.
func joinShown(a, b *Shown) *Shown {
	if a == nil && b == nil {
		return nil
	}
	return &Shown{}
}

// before is the record, with what only another one tells.
func (g GroupRecord) before(other GroupRecord) GroupRecord {
	if g.Present && g.GID == "" {
		g.GID = other.GID
	}
	return g
}

func (c *UserChange) join(next *UserChange) *UserChange {
	joined := &UserChange{Name: c.Name, From: next.From, To: c.To}
	joined.From.Present, joined.To.Present = c.From.Present, next.To.Present
	joined.From.Fields = overlaid(next.From.Fields, c.From.Fields)
	joined.To.Fields = overlaid(c.To.Fields, next.To.Fields)
	joined.From.Groups = gathered(c.From.Groups, next.From.Groups, c.To.Groups)
	joined.To.Groups = gathered(next.To.Groups, c.To.Groups, next.From.Groups)
	if !c.From.Present {
		joined.From = c.From
	}
	if !next.To.Present {
		joined.To = next.To
	}
	return joined
}

func overlaid(below, above map[UserField]string) map[UserField]string {
	all := map[UserField]string{}
	maps.Copy(all, below)
	maps.Copy(all, above)
	return all
}

// gathered is some groups, and those of more that are not among others.
func gathered(some, more, others []string) []string {
	all := slices.Clone(some)
	for _, g := range more {
		if !slices.Contains(all, g) && !slices.Contains(others, g) {
			all = append(all, g)
		}
	}
	return all
}

// Leads says whether a change has left what a later one of the same path or crontab
// has found, as far as that is told.
func Leads(first, second Change) bool {
	switch a := first.(type) {
	case *PathChange:
		b, ok := second.(*PathChange)
		return ok && a.To.Matches(b.From) && (a.To.Kind != File || a.To.Content != nil && b.From.Content != nil)
	case *CrontabChange:
		b, ok := second.(*CrontabChange)
		return ok && sameTable(a.To, b.From)
	}
	return false
}
