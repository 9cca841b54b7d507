package envfile

import (
	"bytes"
	"slices"
	"strings"
)

// sh reads text as `set -a; . file` does in a POSIX shell; dash is the measure.
//
// To a shell a file of assignments is a program: A=hello world runs "world" and
// assigns nothing, A=x?a=b&c=d assigns c. Such lines are followed as long as
// they cannot touch what else the file says. One that could, or that stops the
// shell, is an error.
func sh(text []byte) (reading, error) {
	s := &shell{scanner: scanner{text: text}, vars: reading{}}
	joined := false // by &&, || or | to the command before
	for {
		words, err := s.command()
		if err != nil {
			return nil, err
		}
		line, end := s.line(), s.operator()
		switch {
		case len(words) > 0:
			certain := !joined && slices.Contains([]string{"\n", ";", ""}, end)
			if err := s.run(words, certain); err != nil {
				return nil, err
			}
			joined = slices.Contains([]string{"&&", "||", "|"}, end)
		case end == "\n", end == "" && !joined:
		default:
			return nil, fail(line, "a command is missing for sh; quote the value")
		}
		if end == "" {
			return s.vars, nil
		}
	}
}

// A shell walks over a program and notes what it assigns.
type shell struct {
	scanner
	vars reading
}

// command reads the words up to the next operator.
func (s *shell) command() (words []word, err error) {
	for {
		s.skip(blanks)
		switch {
		case bytes.HasPrefix(s.text[s.pos:], []byte("\\\n")):
			s.pos += 2
		case s.done() || s.in("\n;&|"):
			return words, nil
		case s.in("#"):
			s.skipTo("\n")
		case s.in("<>()"):
			return nil, fail(s.line(), "sh does not take the %c for a part of the value; quote it", s.next())
		default:
			w, err := s.word()
			if err != nil {
				return nil, err
			}
			words = append(words, w)
		}
	}
}

// operator reads what ends a command: "\n", ; & && | || or nothing at the end.
func (s *shell) operator() string {
	if s.done() {
		return ""
	}
	op := string(s.next())
	if op == "&" && s.in("&") || op == "|" && s.in("|") {
		s.pos++
		op += op
	}
	return op
}

// run follows one command. It is not certain when it depends on another one, or
// has a shell of its own.
func (s *shell) run(words []word, certain bool) error {
	i := slices.IndexFunc(words, func(w word) bool { return w.name == "" })
	if i < 0 {
		return s.assign(words, certain)
	}
	command, text := words[i], string(words[i].text)
	switch {
	case command.expanded:
		return fail(command.line, "only sh could tell what it would run; quote the value")
	case i == 0 && text == "export":
		return s.export(words[1:], certain)
	case i == 0 && slices.Contains(reserved, text), slices.Contains(builtin, text):
		return fail(command.line, "%q is a command of sh itself; quote the value", text)
	}
	return nil
}

// reserved words begin a compound command.
var reserved = strings.Fields("! { } case do done elif else esac fi for if in then until while")

// builtin commands can change a variable, or end the shell or make it wait.
var builtin = strings.Fields(`. : alias bg break cd chdir command continue eval exec exit export fg getopts
	kill local read readonly return set shift times trap ulimit umask unalias unset wait`)

func (s *shell) export(words []word, certain bool) error {
	values := words[:0]
	for _, w := range words {
		switch {
		case w.name != "":
			values = append(values, w)
		case w.expanded || !isName(string(w.text)):
			return fail(w.line, "it is nothing that sh can export; quote the value")
		}
	}
	return s.assign(values, certain)
}

func (s *shell) assign(words []word, certain bool) error {
	for _, w := range words {
		if w.name == shellsOwn {
			return fail(w.line, "sh keeps %s for itself", shellsOwn)
		}
		value := string(w.text)
		if w.expanded || !certain {
			value = unclear
		}
		s.vars[w.name] = assignment{value: value, line: w.line}
	}
	return nil
}

// shellsOwn is the one variable that dash does not let a file set at will.
const shellsOwn = "OPTIND"
