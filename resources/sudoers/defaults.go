package sudoers

import "strings"

// defaults reads the settings of a Defaults line, after that word.
func (r *reader) defaults() bool {
	scope, ok := r.scope()
	if !ok {
		return false
	}
	for {
		d := Default{Scope: scope, Not: r.nots()}
		r.skip()
		name := r.rest()
		d.Name = name[:len(name)-len(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz_"))]
		r.at += len(d.Name)
		if d.Name == "" || !r.value(&d) {
			return false
		}
		r.Defaults = append(r.Defaults, d)
		if !r.sign(',') {
			return r.ended()
		}
	}
}

// scope reads what the settings of a line are limited to.
func (r *reader) scope() (scope string, ok bool) {
	start := r.at
	switch c := r.peek(); c {
	case ':', '@', '>':
		r.at++
		_, ok = r.list()
	case '!':
		r.at++
		ok = r.names()
	default:
		return "", c == ' ' || c == '\t' || continued(r.rest()) > 0
	}
	return strings.TrimRight(r.text[start:r.at], blanks), ok
}

// names passes over commands, which have no arguments here.
func (r *reader) names() bool {
	for {
		r.nots()
		r.skip()
		if _, ok := r.word(", \t\r\n"); !ok {
			return false
		}
		if !r.sign(',') {
			return true
		}
	}
}

// value reads the value of a setting, if it has one.
func (r *reader) value(d *Default) (ok bool) {
	r.skip()
	if strings.HasPrefix(r.rest(), "+=") || strings.HasPrefix(r.rest(), "-=") {
		r.at++
	}
	if !r.sign('=') {
		return true
	}
	if r.skip(); r.peek() == '"' {
		d.Value, ok = r.quoted()
		return ok
	}
	d.Value, ok = r.word("#!=, \t\r\n\"")
	return ok
}
