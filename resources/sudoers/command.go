package sudoers

import "strings"

// commands reads a list of commands, as an alias has it.
func (r *reader) commands() (list []Command, ok bool) {
	for {
		c, ok := r.command()
		if !ok {
			return nil, false
		}
		list = append(list, c)
		if !r.sign(',') {
			return list, true
		}
	}
}

func (r *reader) command() (c Command, ok bool) {
	if c.Digested, ok = r.digests(); !ok {
		return c, false
	}
	c.Not = r.nots()
	r.skip()
	c.File, c.At, c.Line = r.file, r.at, r.number(r.at)
	switch c.Kind, ok = r.named(&c); {
	case !ok:
		return c, false
	case c.Raw == "":
		c.Raw = r.text[c.At:r.at]
	}
	return c, true
}

// named reads what a command names.
func (r *reader) named(c *Command) (kind CommandKind, ok bool) {
	switch r.peek() {
	case '/':
		return r.program(c)
	case '^':
		ok = r.expression()
		c.Raw = r.text[c.At:r.at]
		return Other, ok && r.arguments(c)
	case '"':
		_, ok = r.quoted()
		return Other, ok
	}
	word, ok := r.word(wordEnds)
	switch {
	case word == "ALL":
		return Every, ok
	case aliasName(word):
		c.Path = word
		return Aliased, ok
	case word == "sudoedit" || word == "list":
		c.Raw = r.text[c.At:r.at]
		return Other, r.arguments(c)
	}
	return Other, false
}

// program reads a path. Within it, a backslash stands before a sign that would end
// it. A directory has no arguments.
func (r *reader) program(c *Command) (CommandKind, bool) {
	var path strings.Builder
	for ; r.at < len(r.text); r.at++ {
		b := r.text[r.at]
		if b == '\\' {
			if r.at+1 == len(r.text) || strings.IndexByte(",:= \t#", r.text[r.at+1]) < 0 {
				break
			}
			r.at++
			b = r.text[r.at]
		} else if strings.IndexByte(",:= \t\r\n#", b) >= 0 {
			break
		}
		path.WriteByte(b)
	}
	c.Path, c.Raw = path.String(), r.text[c.At:r.at]
	if strings.HasSuffix(c.Path, "/") {
		return Program, true
	}
	kind := Program
	if r.peek() == '\\' && continued(r.rest()) == 0 { // sudo takes it for an argument: it is not what was meant
		kind = Other
	}
	return kind, r.arguments(c)
}

// arguments reads up to a sign that ends them. They are one blank apart, as sudo
// compares them.
func (r *reader) arguments(c *Command) bool {
	var args strings.Builder
	for before := r.at; ; before = r.at {
		r.skip()
		if r.at == len(r.text) || strings.IndexByte("#:,\r\n", r.text[r.at]) >= 0 {
			c.Args = args.String()
			return true
		}
		start := r.at
		if args.Len() > 0 && start > before {
			args.WriteByte(' ')
		}
		switch b := r.text[start]; {
		case b == '^' && (start > before || args.Len() == 0):
			if !r.expression() {
				return false
			}
		case b == '\\' && start+1 == len(r.text):
			return false
		case b == '\\':
			r.at += 2
			if strings.IndexByte(":\\,= \t#", r.text[start+1]) >= 0 {
				start++
			}
		default:
			r.at++
		}
		args.WriteString(r.text[start:r.at])
	}
}

// expression reads a regular expression, from ^ to $.
func (r *reader) expression() bool {
	for at := r.at + 1; at < len(r.text) && r.text[at] != '\n'; at++ {
		switch r.text[at] {
		case '\\':
			at++
		case '$':
			if at+1 == len(r.text) || strings.IndexByte("#:, \t\r\n", r.text[at+1]) >= 0 {
				r.at = at + 1
				return true
			}
		}
	}
	return false
}

// digests reads the digests before a command.
func (r *reader) digests() (some, ok bool) {
	for {
		r.skip()
		start := r.at
		for _, name := range []string{"sha224", "sha256", "sha384", "sha512"} {
			if strings.HasPrefix(r.rest(), name) {
				r.at += len(name)
			}
		}
		if r.at == start || !r.sign(':') {
			r.at = start
			return some, true
		}
		if !r.hash() {
			return true, false
		}
		some = true
		r.sign(',')
	}
}

func (r *reader) hash() bool {
	r.skip()
	n := len(r.rest()) - len(strings.TrimLeft(r.rest(), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
	r.at += n
	return n > 0
}

// Pattern says whether the path is one of fnmatch(3), and stands for any number of
// files.
func (c Command) Pattern() bool { return strings.ContainsAny(c.Path, "*?[") }
