package envfile

// A word is one word of a shell command.
type word struct {
	line     int
	name     string // of the variable, when the word is an assignment
	text     []byte // the word, or the value assigned
	quoted   bool   // a part of it is quoted
	expanded bool   // a part of it is replaced by something that text does not tell
}

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	digits  = "0123456789"
)

// word reads one word, its quotes and expansions included.
func (s *shell) word() (word, error) {
	w := word{line: s.line()}
	for !s.done() && !s.in(" \t\n;&|<>()") {
		var err error
		switch c := s.next(); c {
		case '\'':
			err = s.singleQuoted(&w)
		case '"':
			err = s.doubleQuoted(&w)
		case '\\':
			s.escaped(&w)
		case '$':
			err = s.dollar(&w, false)
		case '`':
			err = s.substitution()
		case '=':
			s.equals(&w)
		case '~', '*', '?', '[':
			// A value is no pattern for file names; a word of a command is one.
			w.expanded = w.expanded || c == '~' || w.name == ""
			w.text = append(w.text, c)
		default:
			w.text = append(w.text, c)
		}
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

// equals makes an assignment of a word that is a name so far.
func (s *shell) equals(w *word) {
	if w.name == "" && !w.quoted && !w.expanded && isName(string(w.text)) {
		w.name, w.text = string(w.text), nil
		return
	}
	w.text = append(w.text, '=')
}

func (s *shell) escaped(w *word) {
	switch {
	case s.in("\n"):
		s.pos++
	case s.done():
		w.text = append(w.text, '\\')
	default:
		w.quoted = true
		w.text = append(w.text, s.next())
	}
}

func (s *shell) singleQuoted(w *word) error {
	line := s.line()
	text, closed := s.upTo('\'')
	if !closed {
		return fail(line, "the ' there is never closed")
	}
	w.quoted = true
	w.text = append(w.text, text...)
	return nil
}

func (s *shell) doubleQuoted(w *word) error {
	line := s.line()
	w.quoted = true
	for !s.done() {
		c := s.next()
		switch {
		case c == '"':
			return nil
		case c == '`':
			return s.substitution()
		case c == '$':
			if err := s.dollar(w, true); err != nil {
				return err
			}
		case c == '\\' && s.in("\n"):
			s.pos++
		case c == '\\' && s.in("$`\"\\"):
			w.text = append(w.text, s.next())
		default:
			w.text = append(w.text, c)
		}
	}
	return fail(line, `the " there is never closed`)
}

// dollar reads what follows a $. Only variables and the $ that stands for
// itself are followed.
func (s *shell) dollar(w *word, quoted bool) error {
	switch {
	case s.in(letters):
		s.skip(letters + digits)
	case s.in(digits + "@*#?-$!"):
		s.pos++
	case s.in("{"):
		s.pos++
		start := s.pos
		s.skip(letters + digits)
		if !isName(string(s.text[start:s.pos])) || !s.in("}") {
			return s.substitution()
		}
		s.pos++
	case s.in("(\\"), !quoted && s.in("'"):
		return s.substitution()
	case !quoted && s.in(`"`):
	default:
		w.text = append(w.text, '$')
		return nil
	}
	w.expanded = true
	return nil
}

func (s *shell) substitution() error {
	return fail(s.line(), "only sh could tell what its %q stands for; quote the value", s.text[s.pos-1:s.pos])
}
