package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// This file changes the users of the running system through the programs that
// Debian has for it: useradd(8), usermod(8), userdel(8), gpasswd(1), chage(1),
// chpasswd(8). None of them is ever let touch a home's files, but that usermod
// gives a user its files in its home again when its uid or group changes.

// program runs one of the system's programs to its end. What it merely warns
// of is not an error.
func program(ctx context.Context, argv ...string) error {
	_, err := run(ctx, command{argv: argv, limit: programLimit, acts: true})
	return err
}

// userFlags are the options of useradd and usermod that set a field.
var userFlags = map[UserField]string{
	UserUID: "-u", UserGroup: "-g", UserComment: "-c", UserHome: "-d", UserShell: "-s",
}

func (r UserRecord) options() []string {
	var argv []string
	for _, f := range userFields {
		if value, ok := r.Fields[f]; ok {
			argv = append(argv, userFlags[f], value)
		}
	}
	return argv
}

func (c *UserChange) run(ctx context.Context, db *userDB) error {
	switch {
	case !c.To.Present:
		return c.remove(ctx, db)
	case !c.From.Present:
		return c.create(ctx)
	}
	return c.modify(ctx, db)
}

// create makes the user without a home directory: that is a directory like any
// other.
func (c *UserChange) create(ctx context.Context) error {
	argv := []string{"useradd", "-M"}
	if c.To.System {
		argv = append(argv, "-r")
	}
	own := c.To.OwnGroup
	switch {
	case own != nil && own.GID != "":
		if err := (&GroupChange{Name: c.Name, To: *own}).run(ctx); err != nil {
			return err
		}
		argv = append(argv, "-g", c.Name)
	case own != nil:
		argv = append(argv, "-U")
	}
	argv = append(argv, c.To.options()...)
	if len(c.To.Groups) > 0 {
		argv = append(argv, "-G", strings.Join(c.To.Groups, ","))
	}
	if err := program(ctx, append(argv, c.Name)...); err != nil {
		return err
	}
	return restoreShadow(ctx, c.Name, c.To.Shadow)
}

func (c *UserChange) modify(ctx context.Context, db *userDB) error {
	argv := append([]string{"usermod"}, c.To.options()...)
	if len(c.To.Groups) > 0 {
		argv = append(argv, "-a", "-G", strings.Join(c.To.Groups, ","))
	}
	if len(argv) > 1 {
		if err := program(ctx, append(argv, c.Name)...); err != nil {
			return c.explain(err, db)
		}
	}
	for _, g := range c.From.Groups {
		if err := program(ctx, "gpasswd", "-d", c.Name, g); err != nil {
			return err
		}
	}
	return nil
}

func (c *UserChange) remove(ctx context.Context, db *userDB) error {
	if err := program(ctx, "userdel", c.Name); err != nil {
		return c.explain(err, db)
	}
	// userdel takes the own group along only where login.defs(5) says so.
	if text, err := os.ReadFile(groupFile); err == nil && c.From.OwnGroup != nil {
		for g := range parseGroup(text) {
			if g.Name == c.Name {
				return program(ctx, "groupdel", c.Name)
			}
		}
	}
	return nil
}

// busyStatus is how usermod and userdel end when the user has a process.
const busyStatus = 8

// explain says what to do about a refusal because of the user's processes.
func (c *UserChange) explain(err error, db *userDB) error {
	var failed *commandError
	if !errors.As(err, &failed) || failed.code != busyStatus {
		return err
	}
	what := "it cannot be removed"
	if c.To.Present {
		var fields []string
		for _, f := range []UserField{UserUID, UserHome} {
			if _, ok := c.To.Fields[f]; ok {
				fields = append(fields, string(f))
			}
		}
		what = "its " + strings.Join(fields, " and ") + " cannot change"
	}
	u, _ := db.User(c.Name)
	found := processesOf(u.UID)
	if len(found) == 0 {
		return &busyError{fmt.Sprintf("%s: %s: stop it and apply again", what, failed)}
	}
	return &busyError{fmt.Sprintf("%s while it has processes: %s: stop them and apply again%s", what, some(found), lingering(found))}
}

// A busyError is the refusal of usermod(8) or userdel(8) because of processes.
type busyError struct{ says string }

func (e *busyError) Error() string { return e.says }

// lingering explains what systemd keeps running for a user.
func lingering(processes []string) string {
	for _, p := range processes {
		if strings.HasSuffix(p, " (systemd)") {
			return " (systemd's own for a user go 10 s after the last session)"
		}
	}
	return ""
}

// processesOf is the processes of a user on this system, as `812 (sshd)`. Those
// in another root do not count, as for usermod, nor does the number for files.
func processesOf(uid int) []string {
	var found []string
	for _, p := range procs() {
		if uids := p.uids(); len(uids) == 0 || !slices.Contains(uids[:3], uid) {
			continue
		}
		if elsewhere, known := p.elsewhere(); known && !elsewhere {
			found = append(found, fmt.Sprintf("%d (%s)", p.pid(), strings.Trim(p.name(), "()")))
		}
	}
	return found
}

// shadowOptions are the options of chage(1) that set the fields 2 to 7 of a line
// in shadow(5), from the last change of the password to the end of the account.
var shadowOptions = []string{"-d", "-m", "-M", "-W", "-I", "-E"}

// restoreShadow gives a user back its password and its limits in time.
func restoreShadow(ctx context.Context, name string, line *Content) error {
	f, ok := shadowColumns.record(bytesOf(line))
	if !ok {
		return nil
	}
	stdin := []byte(name + ":" + f[1] + "\n")
	if _, err := run(ctx, command{argv: []string{"chpasswd", "-e"}, stdin: stdin, limit: programLimit, acts: true}); err != nil {
		return err
	}
	argv := []string{"chage"}
	for i, option := range shadowOptions {
		value := f[2+i]
		if value == "" {
			value = "-1"
		}
		argv = append(argv, option, value)
	}
	return program(ctx, append(argv, name)...)
}
