package sudoers

import "strings"

// maxDepth is how many includes may lie within each other, as in sudo.
const maxDepth = 128

// Read is the policy that a text makes with the texts that it includes, which open
// gives, none of those that are not there.
func Read(t Text, open func(Include) []Text) *Policy {
	p := &Policy{read: map[string]bool{}, aliases: map[alias]definition{}}
	p.take(t, open, 0)
	return p
}

// Add takes in one more text, unless an include has taken in one of that name.
func (p *Policy) Add(t Text, open func(Include) []Text) {
	if !p.read[t.Name] {
		p.take(t, open, 0)
	}
}

func (p *Policy) take(t Text, open func(Include) []Text, depth int) {
	p.read[t.Name] = true
	r := reader{Policy: p, file: t.Name, scanner: scanner{text: string(t.Bytes)}}
	for r.at < len(r.text) {
		start := r.at
		include, ok := r.include()
		switch {
		case ok && depth < maxDepth:
			for _, text := range open(include) {
				p.take(text, open, depth+1)
			}
		case !ok && !r.entry():
			r.at = start
		}
		r.line()
	}
}

// A reader reads one text of a policy.
type reader struct {
	*Policy
	scanner
	file string
	// lines counts the line ends before a place, for the next place after it.
	counted, lines int
}

// entry reads what stands in a line that includes nothing. It fails where that is
// not understood.
func (r *reader) entry() bool {
	if r.ended() {
		return true
	}
	rest := r.rest()
	switch keyword := rest[:len(rest)-len(strings.TrimLeft(rest, letters))]; keyword {
	case "User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias":
		r.at += len(keyword)
		return r.define(strings.Replace(keyword, "Cmd_", "Cmnd_", 1))
	case "Defaults":
		r.at += len(keyword)
		return r.defaults()
	}
	return r.grant()
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

// ReadInclude is what a line of a text takes in, if it takes in others.
func ReadInclude(file, line string) (Include, bool) {
	r := reader{file: file, scanner: scanner{text: line}}
	return r.include()
}

// include reads a line that takes in other texts.
func (r *reader) include() (Include, bool) {
	line, _, _ := strings.Cut(r.rest(), "\n")
	line = strings.TrimRight(line, "\r")
	if line == "" || line[0] != '@' && line[0] != '#' {
		return Include{}, false
	}
	path, dir := strings.CutPrefix(line[1:], "includedir")
	path, one := strings.CutPrefix(path, "include")
	if dir == one || strings.TrimLeft(path, blanks) == path {
		return Include{}, false
	}
	s := scanner{text: strings.TrimLeft(path, blanks)}
	r.at += len(line)
	var ok bool
	if s.peek() == '"' {
		path, ok = s.quoted()
	} else {
		path, ok = s.word(blanks)
	}
	return Include{File: r.file, Path: path, Dir: dir}, ok
}

// define reads the definitions of aliases of a kind. The first one of a name counts.
func (r *reader) define(kind string) bool {
	for {
		r.skip()
		name, ok := r.word(wordEnds)
		if !ok || !aliasName(name) || !r.sign('=') {
			return false
		}
		var d definition
		if kind == CommandAlias {
			d.commands, ok = r.commands()
		} else {
			d.list, ok = r.list()
		}
		more := r.sign(':')
		if !ok || !more && !r.ended() {
			return false
		}
		if _, there := r.aliases[alias{kind, name}]; !there {
			r.aliases[alias{kind, name}] = d
		}
		if !more {
			return true
		}
	}
}

// number is the number of the line that a place in the text is in.
func (r *reader) number(at int) int {
	if at < r.counted {
		r.counted, r.lines = 0, 0
	}
	r.lines += strings.Count(r.text[r.counted:at], "\n")
	r.counted = at
	return r.lines + 1
}
