package unitfile

import (
	"path"
	"strings"
)

// A Command is one command line of ExecStart=, ExecReload= and the like, see
// "COMMAND LINES" in systemd.service(5).
type Command struct {
	// Prefix are the special characters before the path: "-" ignore a failure,
	// "@" the next word is argv[0], ":" no variables, "+" "!" "!!" "|" whose
	// privileges.
	Prefix string
	// Path is the program, absolute or a plain name that systemd looks up.
	Path string
	// Argv are the arguments, Argv[0] included. Environment variables in them
	// are replaced only when the command is run.
	Argv []string
}

// Commands are the command lines of a key ("ExecStart", "ExecReload",
// "ExecStartPre", …) in the section of the unit's type. What systemd would
// refuse is left out.
func (u *Unit) Commands(key string) []Command {
	var out []Command
	for _, value := range u.Values(u.section(), key) {
		out = append(out, u.commands(value)...)
	}
	return out
}

// commands are those of one line: several may stand there, split by ";".
func (u *Unit) commands(line string) []Command {
	var out []Command
	for {
		first, rest, ok := commandWord(line)
		if !ok {
			return out
		}
		line = rest
		if first == ";" {
			continue
		}
		args, rest, more, ok := u.arguments(line)
		if !ok {
			return out
		}
		c := u.command(first, args)
		if c == nil {
			return out
		}
		out = append(out, *c)
		if !more {
			return out
		}
		line = rest
	}
}

// command is nil where first and args make none.
func (u *Unit) command(first string, args []string) *Command {
	c := &Command{}
	c.Prefix, first = cutExecPrefix(first)
	first, _ = u.Expand(first)
	plainName := !strings.Contains(first, "/") && first != "." && first != ".."
	if first == "" || !isSafe(first) || strings.HasSuffix(first, "/") || !path.IsAbs(first) && !plainName {
		return nil
	}
	if !strings.Contains(c.Prefix, "@") {
		args = append([]string{first}, args...)
	}
	if len(args) == 0 {
		return nil
	}
	c.Path, c.Argv = simplify(first), args
	return c
}

// arguments are the words up to the end of line or to a ";" that stands alone;
// more says that another command may follow in rest.
func (u *Unit) arguments(line string) (args []string, rest string, more, ok bool) {
	for line != "" {
		if rest, ok := cutAlone(line, ";"); ok {
			return args, rest, true, true
		}
		if rest, ok := cutAlone(line, `\;`); ok {
			args, line = append(args, ";"), rest
			continue
		}
		word, rest, ok := commandWord(line)
		if !ok {
			return nil, "", false, false
		}
		word, _ = u.Expand(word)
		args, line = append(args, word), rest
	}
	return args, "", false, true
}

// cutAlone cuts word from the start of line where it stands alone.
func cutAlone(line, word string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(line, word)
	trimmed := strings.TrimLeft(rest, white)
	return trimmed, ok && (rest == "" || trimmed != rest)
}

// commandWord is the next word of a command line. Escapes that are none stay as
// they are; unbalanced quotes are not ok.
func commandWord(line string) (word, rest string, ok bool) {
	word, rest, ok, err := nextWord(line, quotes|escapes)
	if err != nil {
		word, rest, ok, err = nextWord(line, quotes|escapes|lenient)
	}
	return word, rest, ok && err == nil
}

// cutExecPrefix splits the prefix characters from the path. Each counts once;
// of those about privileges only one does, or "!!".
func cutExecPrefix(s string) (prefix, rest string) {
	for i, c := range []byte(s) {
		seen := s[:i]
		privileged := strings.ContainsAny(seen, "+!|")
		switch {
		case strings.IndexByte("-@:", c) >= 0 && strings.IndexByte(seen, c) < 0:
		case strings.IndexByte("+!|", c) >= 0 && !privileged:
		case c == '!' && strings.Count(seen, "!") == 1 && !strings.ContainsAny(seen, "+|"):
		default:
			return seen, s[i:]
		}
	}
	return s, ""
}

// simplify drops doubled and trailing slashes and "." parts, and keeps "..".
func simplify(p string) string {
	out := strings.Join(steps(p), "/")
	if path.IsAbs(p) {
		return "/" + out
	}
	return out
}
