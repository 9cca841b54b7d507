package unitfile

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Expand replaces the specifiers in text ("%n", "%i", …; see "SPECIFIERS" in
// systemd.unit(5)) as the system manager does for this unit: "%u" and "%h" are
// root's, whatever User= says. Facts about the machine are read from the tree.
// A specifier that systemd does not know, or whose fact is not in the tree,
// stays as it is and is named in the error; the text is good in any case.
func (u *Unit) Expand(text string) (string, error) {
	return expand(text, u.specifier)
}

func expand(text string, value func(byte) (string, error)) (string, error) {
	var b strings.Builder
	var errs []error
	for {
		before, rest, ok := strings.Cut(text, "%")
		b.WriteString(before)
		switch {
		case !ok:
			return b.String(), errors.Join(errs...)
		case rest == "" || !mayBeSpecifier(rest[0]):
			b.WriteByte('%')
			text = rest
			continue
		}
		v, err := value(rest[0])
		if rest[0] == '%' {
			v, err = "%", nil
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("specifier %%%c: %w", rest[0], err))
			v = "%" + rest[:1]
		}
		b.WriteString(v)
		text = rest[1:]
	}
}

// mayBeSpecifier: systemd leaves a percent sign alone before anything else.
func mayBeSpecifier(c byte) bool {
	return c == '%' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

var errUnknownSpecifier = errors.New("not known")

// managerFacts are those that are the same for every system manager.
var managerFacts = map[byte]string{
	't': "/run", 'S': "/var/lib", 'C': "/var/cache", 'L': "/var/log", 'E': "/etc",
	'T': "/tmp", 'V': "/var/tmp",
	'h': "/root", 'u': "root", 'U': "0", 'g': "root", 'G': "0",
}

func (u *Unit) specifier(c byte) (string, error) {
	n, _ := parseName(u.Name)
	if v, ok := nameSpecifier(n, c); ok {
		return v, nil
	}
	if v, ok := managerFacts[c]; ok {
		return v, nil
	}
	switch c {
	case 'I':
		return unescapeName(n.instance)
	case 'P':
		return unescapeName(n.prefix)
	case 'J':
		last, _ := nameSpecifier(n, 'j')
		return unescapeName(last)
	case 'f':
		return nameToPath(n)
	case 'y', 'Y':
		return u.fragmentSpecifier(c)
	case 'd':
		return "/run/credentials/" + u.Name, nil
	case 's':
		return rootShell(u.tree), nil
	}
	return machineFact(u.tree, c)
}

// nameSpecifier knows the specifiers that only a name is needed for. These hold
// in [Install] sections, too.
func nameSpecifier(n unitName, c byte) (string, bool) {
	switch c {
	case 'n':
		return n.String(), true
	case 'N':
		return strings.TrimSuffix(n.String(), "."+n.typ), true
	case 'p':
		return n.prefix, true
	case 'i':
		return n.instance, true
	case 'j':
		return n.prefix[strings.LastIndexByte(n.prefix, '-')+1:], true
	}
	return "", false
}

// fragmentSpecifier is the path of the unit file, or its directory, with links
// resolved.
func (u *Unit) fragmentSpecifier(c byte) (string, error) {
	if u.Fragment == "" {
		return "", errors.New("the unit has no file")
	}
	p, err := resolve(u.tree, u.Fragment, true)
	if c == 'Y' {
		p = path.Dir(p)
	}
	return p, err
}

// unescapeName undoes the escaping of systemd-escape(1): "-" is a slash, "\x2d"
// a dash.
func unescapeName(s string) (string, error) {
	var b strings.Builder
	for ; s != ""; s = s[1:] {
		switch s[0] {
		case '-':
			b.WriteByte('/')
		case '\\':
			if len(s) < 4 || s[1] != 'x' {
				return "", errBadEscape
			}
			v, err := strconv.ParseUint(s[2:4], 16, 8)
			if err != nil {
				return "", errBadEscape
			}
			b.WriteByte(byte(v))
			s = s[3:]
		default:
			b.WriteByte(s[0])
		}
	}
	return b.String(), nil
}

// nameToPath is the path that an instance, or else a prefix, stands for.
func nameToPath(n unitName) (string, error) {
	s := n.prefix
	if n.at {
		s = n.instance
	}
	if s == "-" {
		return "/", nil
	}
	p, err := unescapeName(s)
	if err == nil && (p == "" || path.Clean("/"+p) != "/"+p) {
		err = errors.New("the name is no escaped path")
	}
	return "/" + p, err
}
