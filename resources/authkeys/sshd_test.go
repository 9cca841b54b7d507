package authkeys

import (
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// This file is sshd itself, as far as it reads authorized_keys:
// auth_check_authkey_line, sshkey_read and sshauthopt_parse of OpenSSH 9.2, in
// Go. It does not look into the values of options.

// An admission is a key that sshd lets in.
type admission struct {
	blob      string
	options   []string // each with its value as sshd has it, without quotes
	authority bool
}

// sshdAdmits is what a line admits.
func sshdAdmits(line string) (a admission, ok bool) {
	line, _, _ = strings.Cut(strings.TrimSuffix(line, "\n"), "\x00")
	line = strings.TrimLeft(line, " \t")
	if line == "" || line[0] == '#' {
		return a, false
	}
	if a.blob, ok = sshkeyRead(line); ok {
		return a, true
	}
	i, quoted := 0, false
	for ; i < len(line) && (quoted || line[i] != ' ' && line[i] != '\t'); i++ {
		if line[i] == '\\' && i+1 < len(line) && line[i+1] == '"' {
			i++
		} else if line[i] == '"' {
			quoted = !quoted
		}
	}
	if quoted {
		return a, false
	}
	if a.blob, ok = sshkeyRead(strings.TrimLeft(line[min(i, len(line)):], " \t")); !ok {
		return a, false
	}
	a.options, a.authority, ok = sshauthoptParse(line)
	return a, ok
}

func sshkeyRead(text string) (blob string, ok bool) {
	space := strings.IndexAny(text, " \t")
	if space < 0 {
		return "", false
	}
	name, text := text[:space], strings.TrimLeft(text[space:], " \t")
	text = text[:strings.IndexAny(text+" ", " \t")]
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	public, err := ssh.ParsePublicKey(data)
	if err != nil {
		return "", false
	}
	names := map[string][]string{
		"ssh-rsa": {"rsa", "rsa-sha2-256", "rsa-sha2-512"}, "ssh-dss": {"dsa"}, "ssh-ed25519": {"ed25519"},
	}[public.Type()]
	is := name == public.Type() || slices.ContainsFunc(names, func(short string) bool { return strings.EqualFold(short, name) })
	return base64.StdEncoding.EncodeToString(data), is
}

// sshauthoptParse reads options one after the other, as sshd does: a name is
// what the text begins with, and then a comma or the end must come.
func sshauthoptParse(text string) (options []string, authority, ok bool) {
	once := map[string]bool{}
	for {
		option, rest, ok := sshauthopt(text)
		name, _, _ := strings.Cut(option, "=")
		if !ok || once[name] {
			return nil, false, false
		}
		switch name {
		case "command", "principals", "from":
			once[name] = true
		case "cert-authority":
			authority = true
		}
		options = append(options, option)
		if rest == "" || rest[0] == ' ' || rest[0] == '\t' {
			return options, authority, !once["principals"] || authority
		}
		if rest[0] != ',' {
			return nil, false, false
		}
		text = rest[1:]
	}
}

func sshauthopt(text string) (option, rest string, ok bool) {
	for _, name := range []string{"restrict", "cert-authority"} {
		if hasFold(text, name) {
			return name, text[len(name):], true
		}
	}
	plain := text
	no := ""
	if hasFold(text, "no-") {
		no, plain = "no-", text[3:]
	}
	for _, name := range []string{"port-forwarding", "agent-forwarding", "x11-forwarding", "touch-required", "verify-required", "pty", "user-rc"} {
		if hasFold(plain, name) {
			return no + name, plain[len(name):], true
		}
	}
	for _, name := range []string{"command", "principals", "from", "expiry-time", "environment", "permitopen", "permitlisten", "tunnel"} {
		if !hasFold(text, name+"=\"") {
			continue
		}
		var value strings.Builder
		for i := len(name) + 2; i < len(text); i++ {
			switch {
			case text[i] == '"':
				return name + "=" + value.String(), text[i+1:], true
			case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"':
				i++
			}
			value.WriteByte(text[i])
		}
	}
	return "", "", false
}

func hasFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
