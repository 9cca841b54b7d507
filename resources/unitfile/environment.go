package unitfile

import (
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// An EnvironmentFile is a file that the unit's environment is read from. With
// Glob its path is a pattern for any number of files, glob(7), read in order.
type EnvironmentFile struct {
	Path     string
	Optional bool // it need not exist
	Glob     bool
}

// EnvironmentFiles are the files of EnvironmentFile=, in order: later ones win.
// What they set wins over Environment.
func (u *Unit) EnvironmentFiles() []EnvironmentFile {
	var out []EnvironmentFile
	for _, value := range u.Values(u.section(), "EnvironmentFile") {
		text, _ := u.Expand(value)
		p, optional := strings.CutPrefix(text, "-")
		if !path.IsAbs(p) || slices.Contains(steps(p), "..") {
			continue
		}
		out = append(out, EnvironmentFile{Path: simplify(p), Optional: optional, Glob: strings.ContainsAny(p, "*?[")})
	}
	return out
}

// Environment are the assignments of Environment= as "NAME=value", unquoted and
// unescaped; each name once.
func (u *Unit) Environment() []string {
	var out []string
	for _, value := range u.Values(u.section(), "Environment") {
		assignments, _ := words(value, quotes|escapes)
		for _, assignment := range assignments {
			assignment, _ = u.Expand(assignment)
			name, _, ok := strings.Cut(assignment, "=")
			if !ok || !isVariable(name) || !utf8.ValidString(assignment) {
				continue
			}
			same := func(s string) bool { return strings.HasPrefix(s, name+"=") }
			if i := slices.IndexFunc(out, same); i >= 0 {
				out[i] = assignment
			} else {
				out = append(out, assignment)
			}
		}
	}
	return out
}

// UnsetEnvironment are names, or assignments "NAME=value", that are taken from
// the environment at the very end.
func (u *Unit) UnsetEnvironment() []string {
	var out []string
	for _, value := range u.Values(u.section(), "UnsetEnvironment") {
		list, _ := words(value, quotes|escapes)
		for _, word := range list {
			word, _ = u.Expand(word)
			if name, _, _ := strings.Cut(word, "="); isVariable(name) {
				out = append(out, word)
			}
		}
	}
	return out
}

// isVariable reports whether s is a name for an environment variable.
func isVariable(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// User is whom the unit's processes run as, a name or a number; "" is root.
func (u *Unit) User() string { return u.scalar("User") }

// Group is their group; "" is the user's own.
func (u *Unit) Group() string { return u.scalar("Group") }

// SupplementaryGroups are further groups of theirs, names or numbers.
func (u *Unit) SupplementaryGroups() []string {
	var out []string
	for _, value := range u.Values(u.section(), "SupplementaryGroups") {
		list, _ := words(value, quotes)
		for _, word := range list {
			word, _ = u.Expand(word)
			out = append(out, word)
		}
	}
	return out
}

func (u *Unit) scalar(key string) string {
	text, _ := u.Expand(u.Value(u.section(), key))
	return text
}
