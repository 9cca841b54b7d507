package sudoers

import (
	"iter"
	"slices"
)

// A Verdict is what a list says of something.
type Verdict int8

// The verdicts.
const (
	Unsaid Verdict = 0  // nothing in the list matches
	Yes    Verdict = 1  // the last element that matches lets it
	No     Verdict = -1 // the last element that matches is negated
)

// The kinds of aliases.
const (
	UserAlias  = "User_Alias"
	RunasAlias = "Runas_Alias"
	HostAlias  = "Host_Alias"

	CommandAlias = "Cmnd_Alias"
)

// Match is what a list says of something, of which is tells whether a single
// element means it. That is not asked about ALL and aliases.
func (p *Policy) Match(list List, kind string, is func(Item) bool) Verdict {
	return p.match(list, kind, is, map[string]Verdict{})
}

// match knows of aliases what they said. One that leads to itself says nothing.
func (p *Policy) match(list List, kind string, is func(Item) bool, known map[string]Verdict) Verdict {
	for _, item := range slices.Backward(list) {
		said := Unsaid
		d, defined := p.aliases[alias{kind, item.Text}]
		switch {
		case item.Kind == Any:
			said = Yes
		case item.Kind == Alias && defined:
			var ok bool
			if said, ok = known[item.Text]; !ok {
				known[item.Text] = Unsaid
				said = p.match(d.list, kind, is, known)
				known[item.Text] = said
			}
		case is(item.single()):
			said = Yes
		}
		if item.Not {
			said = -said
		}
		if said != Unsaid {
			return said
		}
	}
	return Unsaid
}

// single is an item that is no alias: where none is defined, its name is meant.
func (i Item) single() Item {
	if i.Kind == Alias {
		i.Kind = Name
	}
	return i
}

// Items yields the elements of a list that say something for, not against, its
// aliases resolved.
func (p *Policy) Items(list List, kind string) iter.Seq[Item] {
	return func(yield func(Item) bool) { p.items(list, kind, false, map[Item]bool{}, yield) }
}

func (p *Policy) items(list List, kind string, not bool, seen map[Item]bool, yield func(Item) bool) bool {
	for _, item := range list {
		item.Not = item.Not != not
		if seen[item] {
			continue
		}
		seen[item] = true
		d, defined := p.aliases[alias{kind, item.Text}]
		switch {
		case item.Kind == Alias && defined:
			if !p.items(d.list, kind, item.Not, seen, yield) {
				return false
			}
		case !item.Not && !yield(item.single()):
			return false
		}
	}
	return true
}

// Granted is the commands that a grant gives, its aliases resolved. One that a
// later element of it, for the same runas, is certain to take back is left out.
func (p *Policy) Granted(g Grant) []Spec {
	var all, granted []Spec
	seen := map[Command]bool{}
	for _, spec := range g.Specs {
		all = p.resolve(all, spec, seen)
		clear(seen)
	}
	taken := map[string]bool{}
	for _, spec := range slices.Backward(all) {
		c := spec.Command
		as := spec.Runas.String()
		every, path := as+"\n", as+"\n"+c.Path+"\n"
		switch {
		case c.Not && c.Kind == Every:
			taken[every] = true
		case c.Not && c.Kind == Program:
			taken[path+c.Args] = true
		case c.Not:
		case !taken[every] && !taken[path] && !taken[path+c.Args]:
			granted = append(granted, spec)
		}
	}
	slices.Reverse(granted)
	return granted
}

// resolve adds the commands that one stands for. What an alias stands for is
// added once.
func (p *Policy) resolve(all []Spec, spec Spec, seen map[Command]bool) []Spec {
	c := spec.Command
	d, defined := p.aliases[alias{CommandAlias, c.Path}]
	if c.Kind != Aliased || !defined {
		return append(all, spec)
	}
	for _, inner := range d.commands {
		inner.Not = inner.Not != c.Not
		inner.Digested = inner.Digested || c.Digested
		if !seen[inner] {
			seen[inner] = true
			spec.Command = inner
			all = p.resolve(all, spec, seen)
		}
	}
	return all
}
