package resources

import (
	"path"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// crontabs asks of each line in the users' own tables, as crontab -l shows them.
func (c *census) crontabs() {
	for _, user := range node.Users(c.view) {
		text, ok, err := c.view.Crontab(user.Name)
		if err != nil {
			c.unseen("crontab of "+user.Name, err)
		}
		if ok {
			c.table(string(text[:min(len(text), most)]), "of "+user.Name)
		}
	}
}

// table asks of each line in a table, and notes what it runs.
func (c *census) table(text, file string) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		c.ask(line, file, number, "")
		c.run(words(line)...)
	}
}

// systemCron asks of each line in the system's tables, and notes the scripts that
// lie in directories for run-parts(8).
func (c *census) systemCron() {
	tables := append([]string{"/etc/crontab", "/etc/anacrontab"}, c.files("/etc/cron.d", isPlainName)...)
	for _, file := range tables {
		c.table(c.text(file), file)
	}
	for _, often := range []string{"hourly", "daily", "weekly", "monthly", "yearly"} {
		c.run(c.files("/etc/cron."+often, isPlainName)...)
	}
}

// isPlainName is what cron and run-parts ask of the name of a file.
func isPlainName(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool { return r != '-' && (r > 0x7f || !inName(byte(r))) }) < 0
}

// logrotate and tmpfiles ask of each line of their configurations.
func (c *census) logrotate() {
	files := append([]string{"/etc/logrotate.conf"}, c.files("/etc/logrotate.d", func(string) bool { return true })...)
	for _, file := range files {
		c.lines(file, nothing)
	}
}

func (c *census) tmpfiles() {
	for _, dir := range []string{"/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"} {
		for _, file := range c.files(dir, func(name string) bool { return path.Ext(name) == ".conf" }) {
			c.lines(file, nothing)
		}
	}
}

// fstab asks of each line of the table of mounts.
func (c *census) fstab() { c.lines("/etc/fstab", nothing) }

// nothing is all that is to be told of a line.
func nothing(string) string { return "" }
