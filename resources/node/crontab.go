package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A CrontabChange is a change of a user's own table.
type CrontabChange struct {
	User     string
	From, To *Content // as crontab -l shows them; nil: the user has no table
	Shown    *Shown   // what may be shown of the two; nil when they are no secret
}

// Subject is part of Change.
func (c *CrontabChange) Subject() Subject { return Subject{OfCrontab, c.User} }

// Line is part of Change.
func (c *CrontabChange) Line() string {
	switch {
	case c.To == nil:
		return "remove crontab of " + c.User
	case c.From == nil:
		return "install crontab of " + c.User
	}
	return "change crontab of " + c.User
}

// Diff is part of Change.
func (c *CrontabChange) Diff() Diff {
	d := Diff{Name: "crontab of " + c.User, Before: string(bytesOf(c.From)), After: string(bytesOf(c.To))}
	if c.Shown != nil {
		d.Before, d.After = c.Shown.Before, c.Shown.After
	}
	return d
}

// Inverse is part of Change.
func (c *CrontabChange) Inverse() Change {
	return &CrontabChange{User: c.User, From: c.To, To: c.From, Shown: c.Shown.inverse()}
}

func (c *CrontabChange) lay(f *Future) { f.crontabs[c.User] = c.To }

func (c *CrontabChange) perform(ctx context.Context, m *Machine) error {
	now, err := m.crontab(c.User)
	if err != nil {
		return err
	}
	if !sameTable(now, c.From) {
		return &MovedError{Subject: c.Subject(), Saw: tellTable(c.From), Found: tellTable(now)}
	}
	if m.offline {
		return c.write(ctx, m)
	}
	if err := c.install(ctx); err != nil {
		return c.explain(err, m)
	}
	if now, err = m.crontab(c.User); err == nil && !sameTable(now, c.To) {
		err = fmt.Errorf("crontab ended well, but the table in %s is not the one that it was given", crontabSpool)
	}
	return err
}

// crontab is the table of a user, nil for none.
func (m *Machine) crontab(user string) (*Content, error) {
	text, ok, err := m.View().Crontab(user)
	if err != nil || !ok {
		return nil, err
	}
	return NewContent(text), nil
}

func sameTable(a, b *Content) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(b)
}

func tellTable(c *Content) string {
	if c == nil {
		return "absent"
	}
	return fmt.Sprintf("%d bytes sha256:%s", len(c.Bytes()), c.Digest()[:12])
}

// install goes through crontab(1), which tells cron and asks who may have a table.
func (c *CrontabChange) install(ctx context.Context) error {
	argv := []string{"crontab", "-u", c.User, "-"}
	if c.To == nil {
		argv[3] = "-r"
	}
	as, err := bySetgid(argv[0])
	if err == nil {
		_, err = run(ctx, command{argv: argv, stdin: bytesOf(c.To), limit: programLimit, as: as, acts: true})
	}
	return err
}

// bySetgid is root with the group that a program's setgid bit would give it, nil
// for a program that has none: the bit counts for nothing in a service with
// NoNewPrivileges=, and crontab would leave tables of another group.
func bySetgid(name string) (*syscall.Credential, error) {
	program, err := which(name)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Stat(program, &st); err != nil || st.Mode&unix.S_ISGID == 0 {
		return nil, err
	}
	return &syscall.Credential{Gid: st.Gid, NoSetGroups: true}, nil
}

// explain names the reason of a refusal that crontab does not name.
func (c *CrontabChange) explain(err error, m *Machine) error {
	var failed *commandError
	if !errors.As(err, &failed) {
		return err
	}
	if line, n, ok := c.faultyLine(failed.said); ok {
		return fmt.Errorf("%w\nthat is line %d of the table, %q: mend it with crontab -u %s -e and apply again", err, n, line, c.User)
	}
	if !strings.Contains(failed.said, "cannot use this program") {
		return err
	}
	if allowed, ok := listed(m, "/etc/cron.allow", c.User); ok {
		if !allowed {
			return fmt.Errorf("%w: /etc/cron.allow does not name %s: add it and apply again", err, c.User)
		}
	} else if denied, _ := listed(m, "/etc/cron.deny", c.User); denied {
		return fmt.Errorf("%w: /etc/cron.deny names %s: take it out and apply again", err, c.User)
	}
	return err
}

// faultyLine is the line that crontab complains of, and its number as people
// count; crontab itself counts from 0.
func (c *CrontabChange) faultyLine(said string) (line string, number int, ok bool) {
	_, rest, _ := strings.Cut(said, `"-":`)
	digits, _, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(digits)
	lines := strings.Split(string(bytesOf(c.To)), "\n")
	if err != nil || n < 0 || n >= len(lines) {
		return "", 0, false
	}
	return lines[n], n + 1, true
}

// listed says whether a file, if it is there, has a line that is the user's name.
func listed(m *Machine, file, user string) (is, there bool) {
	text, err := m.readFile(file)
	lines := strings.Split(string(text), "\n")
	return slices.Contains(lines, user), err == nil
}
