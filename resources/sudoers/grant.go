package sudoers

import "strings"

// grant reads a user specification. It counts as a whole, or not at all.
func (r *reader) grant() bool {
	users, ok := r.list()
	if !ok {
		return false
	}
	var grants []Grant
	for {
		g := Grant{File: r.file, Users: users}
		if g.Hosts, ok = r.list(); !ok || !r.sign('=') {
			return false
		}
		if g.Specs, ok = r.specs(); !ok {
			return false
		}
		grants = append(grants, g)
		if !r.sign(':') {
			break
		}
	}
	if !r.ended() {
		return false
	}
	r.Grants = append(r.Grants, grants...)
	return true
}

// specs reads commands with what they are run as. What is not said of one is as it
// was for the one before.
func (r *reader) specs() (specs []Spec, ok bool) {
	var spec Spec
	for {
		if r.sign('(') {
			if spec.Runas, ok = r.runas(); !ok {
				return nil, false
			}
		}
		if !r.options(&spec) {
			return nil, false
		}
		r.tags(&spec)
		if spec.Command, ok = r.command(); !ok {
			return nil, false
		}
		specs = append(specs, spec)
		if !r.sign(',') {
			return specs, true
		}
	}
}

// runas reads whom a command is run as, after the bracket.
func (r *reader) runas() (runas *Runas, ok bool) {
	runas = &Runas{}
	if r.skip(); r.peek() != ':' && r.peek() != ')' {
		if runas.Users, ok = r.list(); !ok {
			return nil, false
		}
	}
	if r.sign(':') {
		if r.skip(); r.peek() != ')' {
			if runas.Groups, ok = r.list(); !ok {
				return nil, false
			}
		}
	}
	return runas, r.sign(')')
}

// options reads settings such as CWD=/srv, of which only CHROOT= concerns where a
// command lies.
func (r *reader) options(spec *Spec) (ok bool) {
	for {
		name, end := r.capitals("=")
		if !isOption(name) {
			return true
		}
		r.at = end
		r.skip()
		if r.peek() == '"' {
			_, ok = r.quoted()
		} else {
			_, ok = r.word(", \t\r\n")
		}
		if !ok {
			return false
		}
		spec.Chroot = spec.Chroot || name == "CHROOT"
	}
}

func isOption(word string) bool {
	switch word {
	case "ROLE", "TYPE", "PRIVS", "LIMITPRIVS", "APPARMOR_PROFILE", "NOTBEFORE", "NOTAFTER", "TIMEOUT", "CWD", "CHROOT":
		return true
	}
	return false
}

// tags reads what stands before a command with a colon, as NOPASSWD does.
func (r *reader) tags(spec *Spec) {
	for {
		name, end := r.capitals(":")
		if !isTag(name) {
			return
		}
		r.at = end
		switch name {
		case "NOPASSWD":
			spec.NoPassword = true
		case "PASSWD":
			spec.NoPassword = false
		}
	}
}

// isTag says whether a word is a tag, or NO and a tag.
func isTag(word string) bool {
	switch strings.TrimPrefix(word, "NO") {
	case "EXEC", "FOLLOW", "LOG_INPUT", "LOG_OUTPUT", "MAIL", "INTERCEPT", "PASSWD", "SETENV":
		return true
	}
	return false
}

// capitals is the next word, when it is in capitals and has a sign after it, and
// where the sign ends.
func (r *reader) capitals(sign string) (word string, end int) {
	r.skip()
	rest := r.rest()
	n := len(rest) - len(strings.TrimLeft(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"))
	after := strings.TrimLeft(rest[n:], blanks)
	if n == 0 || !strings.HasPrefix(after, sign) {
		return "", 0
	}
	return rest[:n], len(r.text) - len(after) + len(sign)
}
