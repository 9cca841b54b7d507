package envfile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Quote writes an assignment of value to key as `KEY=...`, without a line break
// at its end, so that every reader reads the value. Its quotes are the plainest
// that do. The error tells what no quoting can hold, and never the value.
//
// Of the dotenv libraries that are no readers here, dotenvy reads all of these
// lines but a value with both a ' and a `, python-dotenv all but a value with
// both a ' and one of $ and `.
func Quote(key, value string) (string, error) {
	if !isName(key) {
		return "", fmt.Errorf("%q is no name for a variable: letters, digits and _ are, no digit first", key)
	}
	if key == shellsOwn {
		return "", fmt.Errorf("sh keeps %s for itself", key)
	}
	if err := writable(value); err != nil {
		return "", fmt.Errorf("%s: the value %w", key, err)
	}
	if len(key)+len(value) > maxAssignment {
		return "", fmt.Errorf("%s: the value is longer than the 128 KiB that Linux hands to a program", key)
	}
	return key + "=" + quoted(value), nil
}

// writable tells what in a value makes its readers disagree, however it is quoted.
func writable(value string) error {
	switch {
	case strings.Contains(value, "\x00"):
		return errors.New("holds a NUL, which no variable can")
	case !isUnicode(value):
		return errors.New("is not UTF-8, for which systemd refuses the whole file")
	case strings.Contains(value, "\r\n"):
		return errors.New("holds CR LF, which dotenv libraries read as LF alone")
	case strings.HasSuffix(value, `\`):
		return errors.New("ends in a backslash, with which dotenv libraries quote the closing quote")
	case strings.Contains(value, "'") && strings.HasSuffix(value, `"`):
		return errors.New(`holds a ' and ends in a ", which dotenv libraries lose`)
	}
	return nil
}

// bare are the values that mean themselves to everyone.
var bare = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]*$`)

// Between single quotes all is itself for sh and systemd; python-dotenv takes
// one of two backslashes away. Between double quotes all know a backslash
// before these four, python-dotenv before the first two.
var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")

func quoted(value string) string {
	switch {
	case bare.MatchString(value):
		return value
	case strings.Contains(value, "'"):
		return `"` + escapes.Replace(value) + `"`
	case strings.Contains(value, `\\`) && !strings.ContainsAny(value, "$`") && !strings.HasSuffix(value, `"`):
		return `"` + escapes.Replace(value) + `"`
	}
	return "'" + value + "'"
}
