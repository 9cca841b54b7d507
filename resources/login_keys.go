package resources

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// keys looks at the way to the user's keys, unless a password would do.
func (a *admission) keys() {
	if a.password() {
		return
	}
	if a.config.is("pubkeyauthentication", "no", "yes") {
		a.refuse("PubkeyAuthentication is no (%s), and it has no password: let sshd take keys", a.config.get("pubkeyauthentication").at)
		return
	}
	if !a.config.is("authorizedkeyscommand", "none", "none") {
		return
	}
	setting := a.config.get("authorizedkeysfile")
	files := setting.args
	if len(files) == 0 {
		files = []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}
	}
	if files[0] == "none" {
		a.refuse("AuthorizedKeysFile is none (%s): name the files that hold keys", setting.at)
		return
	}
	var first error
	for i, file := range files {
		there, err := a.keyFile(a.keyPath(file))
		if there && err == nil {
			return
		}
		if i == 0 || first == nil && there {
			first = err
		}
	}
	if first != nil {
		a.reasons = append(a.reasons, first)
	}
}

// password says whether the user can log in with a password.
func (a *admission) password() bool {
	has := len(a.shadow) > 1 && strings.HasPrefix(a.shadow[1], "$")
	return has && a.config.is("passwordauthentication", "yes", "yes") &&
		(a.user.UID != 0 || a.config.is("permitrootlogin", "yes", "prohibit-password"))
}

// keyPath is a file of AuthorizedKeysFile for the user.
func (a *admission) keyPath(file string) string {
	file = strings.NewReplacer("%%", "%", "%h", a.user.Home, "%u", a.user.Name, "%U", strconv.Itoa(a.user.UID)).Replace(file)
	if !path.IsAbs(file) {
		file = path.Join(a.user.Home, file)
	}
	return file
}

// keyFile says what keeps sshd, which reads a file of keys as the user, from
// reading or trusting it.
func (a *admission) keyFile(file string) (there bool, err error) {
	if at, state, ok := blocked(a.v, a.user, path.Dir(file)); ok {
		return true, fmt.Errorf("sshd reads the keys in its name, but %w", barred(a.user, at, state))
	}
	real, state := follow(a.v, file)
	there = state.Kind != node.Absent
	if there && a.v.Owners() && !permits(a.v, a.user, real, state, mayRead) {
		return there, fmt.Errorf("%s cannot read its own keys in %s (%s): give that owner %s and mode 0600", a.user.Name, file, state, a.user.Name)
	}
	if a.config.is("strictmodes", "no", "yes") {
		return there, nil
	}
	home, _ := follow(a.v, a.user.Home)
	for at := real; ; at = path.Dir(at) {
		state, err := look(a.v, at)
		if err == nil && state.Kind != node.Absent && !a.safe(state) {
			return there, a.distrusted(at, state)
		}
		if at == home || at == "/" {
			return there, nil
		}
	}
}

func (a *admission) distrusted(at string, s node.State) error {
	remedy := fmt.Sprintf("mode %s", s.Mode&^0o022)
	if s.Owner != "root" && s.Owner != a.user.Name {
		remedy = fmt.Sprintf("owner %s and %s", a.user.Name, remedy)
	}
	return fmt.Errorf("sshd does not trust %s (%s): it must belong to %s or root, and nobody else may write to it: give it %s",
		at, s, a.user.Name, remedy)
}

// safe is what StrictModes asks of a path. Debian's sshd also takes one that a
// group may write to which is the user's alone.
func (a *admission) safe(s node.State) bool {
	if !a.v.Owners() {
		return s.Mode&0o002 == 0
	}
	if s.Owner != "root" && s.Owner != a.user.Name || s.Mode&0o002 != 0 {
		return false
	}
	return s.Mode&0o020 == 0 || a.alone(s)
}

// alone says whether nobody but the user has the group of a path as primary
// group, nobody but its owner is a member, and there is one of the two.
func (a *admission) alone(s node.State) bool {
	g, _ := a.v.Group(s.Group)
	if len(without(g.Members, []string{s.Owner})) > 0 {
		return false
	}
	for _, other := range node.Users(a.v) {
		if other.Group == s.Group && other.Name != a.user.Name {
			return false
		}
	}
	return a.user.Group == s.Group || len(g.Members) > 0
}
