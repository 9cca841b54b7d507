package resources

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/sudoers"
)

// A policy is all that sudo would read on a node, with the node.
type policy struct {
	*sudoers.Policy
	v     node.View
	host  string      // its name, perhaps with a domain
	users []node.User // those that passwd(5) names
	all   []allGrant
}

// An allGrant grants every command on this host.
type allGrant struct {
	sudoers.Grant
	spec sudoers.Spec
}

// readPolicy reads the policy of a node, and a drop-in even if nothing includes it.
func readPolicy(v node.View, dropIn string) *policy {
	p := &policy{v: v, host: hostname(v)}
	main, _ := v.ReadFile(sudoersFile)
	p.Policy = sudoers.Read(sudoers.Text{Name: sudoersFile, Bytes: main}, p.included)
	if text, err := v.ReadFile(dropIn); err == nil {
		p.Add(sudoers.Text{Name: dropIn, Bytes: text}, p.included)
	}
	p.users = node.Users(v)
	isRoot := func(u node.User) bool { return u.UID == 0 }
	if root, ok := v.User("root"); ok && !slices.ContainsFunc(p.users, isRoot) { // passwd(5) need not name it
		p.users = append(p.users, root)
	}
	p.findAll()
	return p
}

// findAll finds what grants every command. Where some are excepted, it is not.
func (p *policy) findAll() {
	for _, g := range p.Grants {
		if slices.ContainsFunc(g.Specs, func(s sudoers.Spec) bool { return s.Command.Not }) || !p.here(g) {
			continue
		}
		for _, s := range p.Granted(g) {
			if s.Command.Kind == sudoers.Every {
				p.all = append(p.all, allGrant{g, s})
			}
		}
	}
}

func hostname(v node.View) string {
	for _, file := range []string{"/proc/sys/kernel/hostname", "/etc/hostname"} {
		if text, err := v.ReadFile(file); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	return ""
}

// included is the texts that a line of the policy takes in.
func (p *policy) included(i sudoers.Include) []sudoers.Text {
	var texts []sudoers.Text
	for _, file := range includedFiles(p.v, p.host, i) {
		if text, err := p.v.ReadFile(file); err == nil {
			texts = append(texts, sudoers.Text{Name: file, Bytes: text})
		}
	}
	return texts
}

// includedFiles is the files that a line of the policy takes in on a host. sudo passes
// over the files in a directory that have a dot in their name, or a ~ at its end.
func includedFiles(v node.View, host string, i sudoers.Include) []string {
	short, _, _ := strings.Cut(host, ".")
	at := strings.ReplaceAll(i.Path, "%h", short)
	if !path.IsAbs(at) {
		at = path.Join(path.Dir(i.File), at)
	}
	files := []string{path.Clean(at)}
	if i.Dir {
		files = nil
		names, _ := v.ReadDir(at)
		for _, name := range names {
			if !strings.Contains(name, ".") && !strings.HasSuffix(name, "~") {
				files = append(files, path.Join(at, name))
			}
		}
	}
	return files
}

// here says whether a grant is certain to concern this host.
func (p *policy) here(g sudoers.Grant) bool {
	short, _, _ := strings.Cut(strings.ToLower(p.host), ".")
	return p.Match(g.Hosts, sudoers.HostAlias, func(i sudoers.Item) bool {
		name, _, _ := strings.Cut(strings.ToLower(i.Text), ".")
		same, _ := path.Match(name, short)
		return i.Kind == sudoers.Name && same && short != ""
	}) == sudoers.Yes
}

// names says whether an element of a list means a user.
func (p *policy) names(user node.User, i sudoers.Item) bool {
	switch i.Kind {
	case sudoers.Name:
		return strings.EqualFold(i.Text, user.Name)
	case sudoers.ID:
		return i.Text == strconv.Itoa(user.UID)
	case sudoers.Group:
		return slices.Contains(groupsOf(user), i.Text)
	case sudoers.GroupID:
		return slices.ContainsFunc(groupsOf(user), func(name string) bool {
			g, ok := p.v.Group(name)
			return ok && i.Text == strconv.Itoa(g.GID)
		})
	}
	return false
}

// grants says whether a grant is one to a user.
func (p *policy) grants(g sudoers.Grant, user node.User) bool {
	return p.Match(g.Users, sudoers.UserAlias, func(i sudoers.Item) bool { return p.names(user, i) }) == sudoers.Yes
}

// runas says whether a command may be run as a user. As whom one runs for which
// nothing is said depends on a setting, which may depend on more.
func (p *policy) runas(s sudoers.Spec, user node.User) bool {
	if s.Runas == nil {
		name := "root"
		for _, d := range p.Defaults {
			if d.Name == "runas_default" && d.Scope != "" {
				return false
			} else if d.Name == "runas_default" {
				name = d.Value
			}
		}
		return user.Name == name
	}
	return p.Match(s.Runas.Users, sudoers.RunasAlias, func(i sudoers.Item) bool { return p.names(user, i) }) == sudoers.Yes
}

// everything says whether a user may run every command as another one, and
// whether without a password.
func (p *policy) everything(user, as node.User) (may, freely bool) {
	for _, a := range slices.Backward(p.all) {
		if p.grants(a.Grant, user) && p.runas(a.spec, as) {
			return true, a.spec.NoPassword
		}
	}
	return false, false
}

// elsewhere says whether commands may lie below another root than this one.
func (p *policy) elsewhere(s sudoers.Spec) bool {
	return s.Chroot || slices.ContainsFunc(p.Defaults, func(d sudoers.Default) bool { return d.Name == "runchroot" })
}

// sudoless says whether the node is a mere tree without sudo.
func sudoless(v node.View) bool {
	if _, sudo := follow(v, "/usr/bin/sudo"); sudo.Kind != node.Absent {
		return false
	}
	_, err := v.Manager()
	return errors.Is(err, node.ErrOffline)
}
