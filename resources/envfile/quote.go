package envfile

import (
	"errors"
	"fmt"
	"strings"
)

// Quote writes an assignment of value to key as `KEY=...`, without a line break
// at its end, such that every reader reads value. It fails, without showing the
// value, where no quoting can do that.
//
// Two more dotenv libraries read nearly all of these lines. dotenvy (Rust) does
// not read a value with both a ' and a `. python-dotenv reads another value from
// one with ${NAME} or CR, and from one with $ or ` if a ' or \\ is in it too.
func Quote(key, value string) (string, error) {
	if !isName(key) {
		return "", fmt.Errorf("%q is no name for a variable: letters, digits and _ are, no digit first", key)
	}
	if key == shellsOwn {
		return "", fmt.Errorf("sh keeps %s for itself", key)
	}
	if err := writable(value); err != nil {
		return "", fmt.Errorf("the value %w", err)
	}
	if len(key)+len(value) > maxAssignment {
		return "", errors.New("the value is longer than the 128 KiB that Linux hands to a program")
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

// bare are the characters that mean themselves to everyone, without quotes.
const bare = letters + digits + "./:@%+,=-"

// escapes are what a backslash must stand before, between double quotes.
var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")

// quoted prefers single quotes, between which all readers leave a $ and a ` alone.
// But python-dotenv takes \\ there for one backslash.
func quoted(value string) string {
	single := "'" + value + "'"
	double := `"` + escapes.Replace(value) + `"`
	switch {
	case strings.Trim(value, bare) == "":
		return value
	case strings.Contains(value, "'"):
		return double
	case strings.Contains(value, `\\`) && !strings.ContainsAny(value, "$`") && !strings.HasSuffix(value, `"`):
		return double
	}
	return single
}
