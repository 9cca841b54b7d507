package resources

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A ValueType is what the value of a key must be.
type ValueType struct {
	// Secret is how many characters a secret has at least. Default: 16.
	Secret *int `yaml:"secret,omitempty"`

	word string // unless secret is declared
}

// The types that values can have.
const (
	pathValue   = "path"
	portValue   = "port"
	urlValue    = "url"
	secretValue = "secret"
)

// secretLength is how many characters a secret has that is declared with no number.
const secretLength = 16

// UnmarshalText takes a type that is written as its mere name.
func (t *ValueType) UnmarshalText(text []byte) error {
	if err := oneOf(string(text), t.Values()); err != nil {
		return err
	}
	t.word = string(text)
	return nil
}

// MarshalText writes a type that has a mere name.
func (t ValueType) MarshalText() ([]byte, error) {
	if t.word == "" {
		return nil, errors.New("it has fields")
	}
	return []byte(t.word), nil
}

// Values is the names of the types.
func (ValueType) Values() []string { return []string{pathValue, portValue, urlValue, secretValue} }

// name is one of those, "" when nothing is declared.
func (t ValueType) name() string {
	if t.Secret != nil {
		return secretValue
	}
	return t.word
}

// checkItself finds types that say nothing.
func (t ValueType) checkItself() error {
	switch {
	case t.name() == "":
		return fmt.Errorf("this says nothing: write %s or {secret: 32}", strings.Join(t.Values(), ", "))
	case t.Secret != nil && *t.Secret < 1:
		return errors.New("a secret has at least 1 character")
	}
	return nil
}

// check is what is wrong with a value, as far as no node is needed to tell. It
// goes on from the value, which it does not repeat.
func (t ValueType) check(value string) error {
	switch t.name() {
	case pathValue:
		return checkPath(value)
	case portValue:
		if !isPort(value) || value[0] == '0' {
			return errors.New("is not a port: want 1 to 65535 in plain digits")
		}
	case urlValue:
		return checkURL(value)
	case secretValue:
		least := secretLength
		if t.Secret != nil {
			least = *t.Secret
		}
		if utf8.RuneCountInString(value) < least {
			return fmt.Errorf("is shorter than %d characters", least)
		}
	}
	return nil
}

// maxPath is how many bytes Linux takes for a path.
const maxPath = 4095

func checkPath(value string) error {
	switch {
	case !path.IsAbs(value):
		return errors.New("is not an absolute path")
	case len(value) > maxPath:
		return fmt.Errorf("is longer than %d bytes, and no path is", maxPath)
	}
	return nil
}

// checkURL lets a database's URL name its host, or the directory of its socket,
// behind the question mark.
func checkURL(value string) error {
	at, err := url.Parse(value)
	switch {
	case err != nil:
		return errors.New("is not a URL: want https://example.org/path, say")
	case at.Scheme == "" || !strings.HasPrefix(value[len(at.Scheme):], "://"):
		return errors.New("is not an absolute URL: it does not begin with a scheme and ://, such as https://")
	case at.Hostname() == "" && at.Query().Get("host") == "":
		return errors.New("is a URL without a host")
	case at.Port() != "" && !isPort(at.Port()):
		return errors.New("is a URL whose port is none: want 1 to 65535")
	}
	return nil
}

// checkDeclared is what is wrong with a value that the manifest itself declares:
// what is written anew is written well.
func (t ValueType) checkDeclared(value string) error {
	if err := t.check(value); err != nil {
		return err
	}
	if t.name() == pathValue && path.Clean(value) != value {
		return errors.New("is not a clean path: it has a doubled or trailing slash, a . or a .. in it")
	}
	return nil
}

// shows says whether a value may be told that the manifest has not made public:
// one that is what it is declared to be, or nearly so, and is not a URL, which may
// hold a password.
func (t ValueType) shows(value string) bool {
	switch t.name() {
	case pathValue:
		return path.IsAbs(value) && len(value) <= maxPath
	case portValue:
		_, err := strconv.Atoi(value)
		return err == nil
	}
	return false
}
