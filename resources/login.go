package resources

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// refusals is every reason why sshd(8), as Debian builds and configures it, would
// not let a user in, as far as files and modes tell.
func refusals(v node.View, user node.User) []error {
	if unexaminable(v) {
		return nil
	}
	if !hasSSHD(v) {
		return []error{errors.New("sshd is not installed: install the package openssh-server")}
	}
	a := admission{v: v, user: user, config: readSSHD(v, user), shadow: strings.Split(node.ShadowLine(v, user.Name), ":")}
	a.pam = a.config.is("usepam", "yes", "no")
	a.shell()
	a.listed()
	a.account()
	a.nologin()
	a.lists()
	a.keys()
	return a.reasons
}

func hasSSHD(v node.View) bool {
	_, sshd := follow(v, "/usr/sbin/sshd")
	return sshd.Kind != node.Absent
}

// unexaminable says whether the node is a mere tree without sshd.
func unexaminable(v node.View) bool {
	if hasSSHD(v) {
		return false
	}
	_, err := v.Manager()
	return errors.Is(err, node.ErrOffline)
}

// An admission is the examination of one user, as sshd would do it.
type admission struct {
	v       node.View
	user    node.User
	config  *sshdSettings
	shadow  []string // the fields of the user's line in shadow(5)
	pam     bool     // UsePAM
	reasons []error
}

func (a *admission) refuse(format string, args ...any) {
	a.reasons = append(a.reasons, fmt.Errorf(format, args...))
}

func (a *admission) shell() {
	shell := a.user.Shell
	if shell == "" {
		shell = "/bin/sh"
	}
	at, state := follow(a.v, shell)
	name := path.Base(shell)
	switch {
	case name == "nologin" || name == "false":
		a.refuse("its shell is %s: declare shell: /bin/bash", shell)
	case state.Kind == node.Absent:
		a.refuse("its shell %s does not exist: install it or declare another shell", shell)
	case state.Kind != node.File || state.Mode&0o111 == 0 || a.v.Owners() && !permits(a.v, a.user, at, state, mayEnter):
		a.refuse("its shell %s is not a program that it may run (%s): declare another shell", shell, state)
	}
}

// account looks at shadow(5): a user without a line there is new, or unknown to
// PAM.
func (a *admission) account() {
	if len(a.shadow) < 9 {
		if a.pam && hasShadow(a.v) && listedUser(a.v, a.user.Name) {
			a.refuse("/etc/shadow has no line for it: pwconv adds one")
		} else if !a.pam && !listedUser(a.v, a.user.Name) {
			a.locked()
		}
		return
	}
	if strings.HasPrefix(a.shadow[1], "!") && !a.pam {
		a.locked()
	}
	today := int(a.v.Now().Unix() / secondsPerDay)
	changed, most, idle, expires := a.days(2), a.days(4), a.days(6), a.days(7)
	if expires >= 0 && today >= expires {
		a.refuse("its account expired on %s: chage -E -1 %s lifts that", date(expires), a.user.Name)
	}
	age := today - changed
	switch {
	case !a.pam || changed < 0 || changed > today:
	case changed == 0:
		a.refuse("its password must be changed at the next login: chage -d -1 %s lifts that", a.user.Name)
	case most >= 0 && idle >= 0 && age > most+idle:
		a.refuse("its password expired on %s and the account with it: chage -M -1 %s lifts that", date(changed+most), a.user.Name)
	case most >= 0 && age > most:
		a.refuse("its password expired on %s and must be changed: chage -M -1 %s lifts that", date(changed+most), a.user.Name)
	}
}

func (a *admission) locked() {
	a.refuse("it is locked (! in /etc/shadow), which counts where UsePAM is no: usermod -p '*' %s unlocks it for keys", a.user.Name)
}

const secondsPerDay = 24 * 60 * 60

// days is a field of the line in shadow, -1 when it is empty.
func (a *admission) days(field int) int {
	n, err := strconv.Atoi(a.shadow[field])
	if err != nil {
		return -1
	}
	return n
}

func date(day int) string {
	return time.Unix(int64(day)*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

// nologin looks at the files that keep everybody but root out: sshd knows one
// itself, pam_nologin(8) both.
func (a *admission) nologin() {
	if a.user.UID == 0 {
		return
	}
	files := []string{"/etc/nologin"}
	if a.pam {
		files = append(files, "/run/nologin")
	}
	for _, file := range files {
		if _, state := follow(a.v, file); state.Kind != node.Absent {
			a.refuse("%s keeps everybody but root out: remove it", file)
		}
	}
}

// lists looks at who sshd's settings let in.
func (a *admission) lists() {
	a.list("AllowUsers", a.isUser, true)
	a.list("DenyUsers", a.isDenied, false)
	a.list("AllowGroups", a.inGroups, true)
	a.list("DenyGroups", a.inGroups, false)
	if a.user.UID == 0 && a.config.is("permitrootlogin", "no", "prohibit-password") {
		a.refuse("PermitRootLogin is no (%s): make it prohibit-password", a.config.get("permitrootlogin").at)
	}
}

// list looks at one list of patterns, which lets in or keeps out whom it names.
func (a *admission) list(keyword string, names func(pattern string) bool, lets bool) {
	list := a.config.get(strings.ToLower(keyword))
	i := slices.IndexFunc(list.args, names)
	switch {
	case lets && len(list.args) > 0 && i < 0:
		a.refuse("%s in %s names neither it nor its groups: add it there", keyword, list.at)
	case !lets && i >= 0:
		a.refuse("%s in %s names it with %s: take that out", keyword, list.at, list.args[i])
	}
}

// isUser says whether a pattern of AllowUsers names the user, from any host.
func (a *admission) isUser(pattern string) bool {
	name, _, _ := strings.Cut(pattern, "@")
	return likePattern(a.user.Name, name)
}

// isDenied says whether a pattern of DenyUsers names the user from all hosts.
func (a *admission) isDenied(pattern string) bool {
	name, host, some := strings.Cut(pattern, "@")
	return likePattern(a.user.Name, name) && (!some || host == "*")
}

// inGroups says whether a pattern names one of the user's groups.
func (a *admission) inGroups(pattern string) bool {
	return slices.ContainsFunc(groupsOf(a.user), func(g string) bool { return likePattern(g, pattern) })
}

func hasShadow(v node.View) bool {
	_, err := v.ReadFile("/etc/shadow")
	return err == nil
}

// listedUser says whether passwd(5) already names a user, who may be only
// planned.
func listedUser(v node.View, name string) bool {
	text, _ := v.ReadFile("/etc/passwd")
	return bytes.HasPrefix(text, []byte(name+":")) || bytes.Contains(text, []byte("\n"+name+":"))
}
