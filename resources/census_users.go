package resources

import (
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/authkeys"
	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/sudoers"
)

// sudoers asks of each line in the policy, with what it includes.
func (c *census) sudoers() { c.policy(sudoersFile, 0) }

func (c *census) policy(file string, depth int) {
	const deepest = 128 // as in sudo
	number := 0
	for line := range strings.Lines(c.text(file)) {
		number++
		include, takesIn := sudoers.ReadInclude(file, line)
		line = strings.TrimSpace(line)
		switch {
		case takesIn && depth < deepest:
			for _, included := range includedFiles(c.view, hostname(c.view), include) {
				c.policy(included, depth+1)
			}
		case line != "" && line[0] != '#':
			c.ask(line, file, number, "")
			c.run(words(line)...)
		}
	}
}

// passwd asks of each user's home and shell.
func (c *census) passwd() {
	lines := map[string]int{}
	number := 0
	for line := range strings.Lines(c.text("/etc/passwd")) {
		number++
		name, _, _ := strings.Cut(line, ":")
		lines[name] = number
	}
	for _, user := range node.Users(c.view) {
		c.ask(user.Home, "/etc/passwd", lines[user.Name], "home of "+user.Name)
		c.ask(user.Shell, "/etc/passwd", lines[user.Name], "shell of "+user.Name)
	}
}

// authorizedKeys asks of the options of each key that lets a user in.
func (c *census) authorizedKeys() {
	var files []string
	for _, user := range node.Users(c.view) {
		a := &admission{v: c.view, user: user}
		setting := readSSHD(c.view, user).get("authorizedkeysfile").args
		if len(setting) == 0 {
			setting = []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}
		}
		for _, file := range setting {
			if file = a.keyPath(file); file != "none" && !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	for _, file := range files {
		c.keyFile(file)
	}
}

func (c *census) keyFile(file string) {
	number := 0
	for line := range strings.Lines(c.text(file)) {
		number++
		for _, key := range authkeys.Parse([]byte(line)).Keys() {
			for _, option := range key.Options {
				name, value, _ := strings.Cut(option, "=")
				c.ask(value, file, number, name+"=")
				c.run(words(value)...)
			}
		}
	}
}
