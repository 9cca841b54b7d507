package resources

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/sudoers"
)

// This file is who gains what by replacing a command.

// A gain is whose rights somebody gains: a user's, or after a colon a group's.
type gain struct {
	as    string
	grave bool // they are root's
	freed bool // the user has them already, but only with a password
}

// An escalation is some users with what they gain, and their hold on the command.
type escalation struct {
	hold  hold
	who   []grantee
	gains []gain
}

// replaced tells who may replace a file that is granted to them, and gains by it.
func (l *lint) replaced(g sudoers.Grant, spec sudoers.Spec, file string, w way) {
	var found []escalation
	for _, user := range l.grantees(g) {
		h, ok := w.hold(user.User)
		if !ok {
			continue
		}
		gains := slices.DeleteFunc(l.gains(user.User, spec), func(gain gain) bool { return l.accepted(user, gain) })
		same := func(e escalation) bool {
			return e.hold.path == h.path && slices.Equal(e.gains, gains) && (!e.who[0].many() || e.who[0].covers(user))
		}
		switch i := slices.IndexFunc(found, same); {
		case len(gains) == 0:
		case i < 0:
			found = append(found, escalation{h, []grantee{user}, gains})
		case !found[i].who[0].many():
			found[i].who = append(found[i].who, user)
		}
	}
	for _, e := range found {
		say := l.remark
		if slices.ContainsFunc(e.gains, func(g gain) bool { return g.grave && !g.freed }) {
			say = l.refuse
			l.gained = append(l.gained, e)
		}
		say("%s:%d: privilege escalation: %s", spec.Command.File, spec.Command.Line, e.text(file))
	}
}

// gains is whose rights a user has through what replaces a command, and has not
// without.
func (l *lint) gains(user node.User, spec sudoers.Spec) []gain {
	var runas sudoers.Runas
	if spec.Runas != nil {
		runas = *spec.Runas
	}
	freed := false
	for _, root := range l.roots() {
		may, freely := l.everything(user, root)
		if may && (freely || !spec.NoPassword) {
			return nil
		}
		freed = freed || may
	}
	var gains []gain
	for _, as := range l.everyUser(runas.Users, sudoers.RunasAlias) {
		if as.Name == user.Name || !l.runas(spec, as) {
			continue
		}
		may, freely := l.everything(user, as)
		switch g := (gain{as.Name, l.rootly(as), may || freed}); {
		case may && (freely || !spec.NoPassword):
		case as.UID == 0:
			return []gain{g} // there is no more to gain
		default:
			gains = append(gains, g)
		}
	}
	for i := range l.Items(runas.Groups, sudoers.RunasAlias) {
		if i.Kind == sudoers.Any {
			gains = append(gains, gain{as: ":" + everybody, freed: freed})
		} else if i.Kind == sudoers.Name && !slices.Contains(groupsOf(user), i.Text) {
			gains = append(gains, gain{as: ":" + i.Text, freed: freed})
		}
	}
	return gains
}

// roots is the users with root's number.
func (l *lint) roots() []node.User {
	return slices.DeleteFunc(slices.Clone(l.users), func(u node.User) bool { return u.UID != 0 })
}

// rootly says whether who has the rights of a user has root's.
func (l *lint) rootly(user node.User) bool {
	return user.UID == 0 || slices.ContainsFunc(l.roots(), func(root node.User) bool {
		_, freely := l.everything(user, root)
		return freely
	})
}

// accepted says whether a gain is declared to be meant.
func (l *lint) accepted(user grantee, g gain) bool {
	for who, gains := range l.AcceptGain {
		accepts := grantee{as: who}
		if (who == user.as || accepts.many() && accepts.covers(user)) && slices.Contains(gains, g.as) {
			return true
		}
	}
	return false
}

// text tells an escalation, and what to do about it.
func (e escalation) text(file string) string {
	var who, as, keys []string
	for _, user := range e.who {
		who = append(who, user.as)
	}
	for _, g := range e.gains {
		as, keys = append(as, g.text()), append(keys, strconv.Quote(g.as))
	}
	first, it := e.who[0], "it"
	switch {
	case first.as == everybody:
		who = []string{"any user"}
	case first.many():
		who = []string{"any member of " + first.Group}
	case len(who) > 1:
		it = "they"
	}
	how, remedy := "may write to", "let only root write there"
	if e.hold.owned {
		how, remedy = "owns", "let root own that"
	}
	return fmt.Sprintf("%s may replace %s and so gain the rights of %s: %s %s %s (%s): %s, or declare accept_gain: {%q: [%s]}",
		few(who), file, few(as), it, how, e.hold.path, e.hold.state, remedy, first.as, strings.Join(keys, ", "))
}

func (g gain) text() string {
	text := g.as
	if group, ok := strings.CutPrefix(g.as, ":"); ok {
		text = "the group " + group
	}
	if g.freed {
		text += " without a password"
	}
	return text
}

// few is some names, and how many more there are.
func few(names []string) string {
	const most = 3
	if n := len(names) - most; n > 1 {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), n)
	}
	return strings.Join(names, ", ")
}
