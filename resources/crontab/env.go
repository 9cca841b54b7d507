package crontab

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

var envName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// CheckEnv says why cron could not set an environment variable to a value. It
// expands nothing: `$HOME` and `%` are what they are.
func CheckEnv(name, value string) error {
	if !envName().MatchString(name) {
		return fmt.Errorf("%q is not a name for an environment variable", name)
	}
	if name == "LOGNAME" {
		return errors.New("LOGNAME is always the owner of the table: cron ignores the setting")
	}
	line, ok := envLine(name, value)
	switch {
	case strings.ContainsAny(value, "\n\r\x00"):
		return errors.New("the value has a line break or a NUL byte, and cron has no way to write one")
	case !ok:
		return errors.New("the value begins or ends with blanks or quotes that cron would strip")
	case len(line)-1 > maxLine:
		return fmt.Errorf("the line would have %d bytes, cron takes %d", len(line)-1, maxLine)
	}
	return nil
}

// SetEnv makes the settings that our jobs run with exactly these, the last
// lines of the table before our jobs. Settings of the same variables above
// them still hold for the foreign jobs. With no settings the block goes, and
// the jobs stay where they are.
func (t *Table) SetEnv(env map[string]string) error {
	var body string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if err := CheckEnv(name, env[name]); err != nil {
			return fmt.Errorf("env.%s: %w", name, err)
		}
		line, _ := envLine(name, env[name])
		body += line
	}
	if body == "" {
		t.drop(func(p part) bool { return p.key == envKey })
		return nil
	}
	t.put(t.find(envKey), block(envKey, body), func(part) bool { return false })
	return nil
}

// Env are the settings of SetEnv, as they are at present.
func (t *Table) Env() map[string]string {
	env := map[string]string{}
	if at := t.find(envKey); at >= 0 {
		for line := range strings.Lines(t.parts[at].body()) {
			name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			if value, ok := readValue(text); ok && CheckEnv(name, value) == nil {
				env[name] = value
			}
		}
	}
	return env
}

// envLine writes a setting in the first way that cron reads back as the same
// value: bare or in quotes, within which nothing is escaped.
func envLine(name, value string) (line string, ok bool) {
	for _, quote := range []string{"", `"`, "'"} {
		text := quote + value + quote
		if read, ok := readValue(text); ok && read == value {
			return name + "=" + text + "\n", true
		}
	}
	return "", false
}

const space = " \t\n\v\f\r"

// readValue reads what follows the `=` of a setting as cron does: it must not
// be empty, what follows a closing quote must be blank, and blanks at the end
// go, and then a further pair of quotes, even from a value that was quoted.
func readValue(text string) (value string, ok bool) {
	value = strings.TrimLeft(text, space)
	if value == "" {
		return "", false
	}
	if quote := value[:1]; quote == `"` || quote == "'" {
		var rest string
		value, rest, ok = strings.Cut(value[1:], quote)
		if !ok || strings.Trim(rest, space) != "" {
			return "", false
		}
	}
	value = strings.TrimRight(value, space)
	if n := len(value); n >= 2 && strings.ContainsAny(value[:1], `"'`) && value[0] == value[n-1] {
		value = value[1 : n-1]
	}
	return value, true
}
