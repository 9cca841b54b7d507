package authkeys

import (
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The library's own reader of lines is not used: it takes any word for the type
// of a key, so that a line counts for it that sshd refuses.

const blanks = " \t"

var errNoKey = errors.New("there is no key")

// readLine reads what sshd would take for a key: a key, or options and a key.
func readLine(text string) (Key, ssh.PublicKey, error) {
	text, _, _ = strings.Cut(text, "\x00") // it ends there for sshd
	text = strings.TrimLeft(strings.TrimRight(text, "\r\n"), blanks)
	if text == "" || text[0] == '#' {
		return Key{}, nil, errNoKey
	}
	if key, public, err := readKey(text); err == nil {
		return key, public, nil
	}
	options, rest, closed := cutOptions(text)
	if !closed {
		return Key{}, nil, errNoKey
	}
	key, public, err := readKey(strings.TrimLeft(rest, blanks))
	key.Options = options
	return key, public, err
}

// readKey reads a type, a key of that type in base64, and a comment.
func readKey(text string) (Key, ssh.PublicKey, error) {
	name, rest := cutBlank(text)
	encoded, comment := cutBlank(strings.TrimLeft(rest, blanks))
	blob, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Key{}, nil, err
	}
	public, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return Key{}, nil, err
	}
	if !isType(name, public.Type()) {
		return Key{}, nil, errNoKey
	}
	return Key{nil, public.Type(), base64.StdEncoding.EncodeToString(blob), strings.TrimSpace(comment)}, public, nil
}

func cutBlank(text string) (before, after string) {
	end := strings.IndexAny(text, blanks)
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}

// shortNames are what sshd takes for the type of a key as well, in any case.
var shortNames = map[string][]string{
	ssh.KeyAlgoED25519: {"ed25519"},
	ssh.KeyAlgoRSA:     {"rsa", "rsa-sha2-256", "rsa-sha2-512"},
	"ssh-dss":          {"dsa"},
}

func isType(name, of string) bool {
	if name == of {
		return true
	}
	for _, short := range shortNames[of] {
		if strings.EqualFold(name, short) {
			return true
		}
	}
	return false
}

// cutOptions splits options from what follows the first blank outside quotes,
// and from each other. They are not closed when a quote is not.
func cutOptions(text string) (options []string, rest string, closed bool) {
	quoted, start := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && strings.HasPrefix(text[i+1:], `"`):
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ',':
			options = append(options, text[start:i])
			start = i + 1
		case c == ' ' || c == '\t':
			return append(options, text[start:i]), text[i:], true
		}
	}
	return options, "", false
}
