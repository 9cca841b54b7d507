package resources

import (
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// unitTypes are the types of units that have files.
var unitTypes = []string{"service", "socket", "timer", "path", "mount", "automount", "swap", "slice", "target"}

// allUnits is the units that somebody has written: what systemd generates has its
// source elsewhere.
func (c *census) allUnits() []*unitfile.Unit {
	var all []*unitfile.Unit
	for _, kind := range unitTypes {
		units, err := unitfile.All(c.view, kind)
		if err != nil {
			c.unseen("the unit files of type "+kind, err)
		}
		all = append(all, units...)
	}
	return slices.DeleteFunc(all, func(u *unitfile.Unit) bool { return isGenerated(u.Fragment) })
}

// unitFiles asks of each setting, in the unit file and in the drop-ins.
func (c *census) unitFiles() {
	for _, u := range c.units {
		for _, s := range u.Settings {
			if s.Key == "Description" || s.Key == "Documentation" || c.isOwn(s.File) {
				continue
			}
			value, err := u.Expand(s.Value)
			if err != nil {
				value = s.Value
			}
			c.ask(value, s.File, s.Line, s.Key+"=")
		}
		c.unitRuns(u)
	}
	c.userUnits()
}

// userUnits asks of each line in the units of the users' own managers, systemd(1), that
// somebody has written here.
func (c *census) userUnits() {
	dirs := []string{"/etc/systemd/user"}
	for _, user := range node.Users(c.view) {
		if dir := path.Join(user.Home, ".config/systemd/user"); user.Home != "" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range dirs {
		if _, state := follow(c.view, dir); !isDirectory(state) {
			continue
		}
		files := c.files(dir, func(name string) bool { return slices.Contains(unitTypes, strings.TrimPrefix(path.Ext(name), ".")) })
		for _, dropIns := range c.files(dir, func(name string) bool { return path.Ext(name) == ".d" }) {
			files = append(files, c.files(dropIns, func(name string) bool { return path.Ext(name) == ".conf" })...)
		}
		for _, file := range files {
			c.lines(file, settingOf)
			for line := range strings.Lines(c.text(file)) {
				if strings.HasPrefix(line, "Exec") {
					c.run(words(line)...)
				}
			}
		}
	}
}

// settingOf is the setting that a line of a unit file makes, in the words of unitFiles.
func settingOf(line string) string {
	key, _, ok := strings.Cut(line, "=")
	if !ok {
		return ""
	}
	return strings.TrimSpace(key) + "="
}

// execKeys are the settings that have a unit run something.
var execKeys = []string{"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPre", "ExecStopPost"}

// unitRuns notes what the unit runs, unless it is the distribution's alone.
func (c *census) unitRuns(u *unitfile.Unit) {
	foreign := strings.HasPrefix(u.Fragment, "/lib/") || strings.HasPrefix(u.Fragment, "/usr/lib/")
	if foreign && len(u.DropIns) == 0 {
		return
	}
	for _, key := range execKeys {
		for _, command := range u.Commands(key) {
			c.run(append([]string{command.Path}, command.Argv...)...)
			c.run(words(strings.Join(command.Argv, " "))...) // of what a shell is given
		}
	}
}

// envFiles asks of each key in the environment files of units, and in those that
// every session and many services read.
func (c *census) envFiles() {
	files := []string{"/etc/environment"}
	for _, u := range c.units {
		files = append(files, environmentFiles(c.view, u)...)
	}
	files = append(files, c.files("/etc/default", func(name string) bool { return name[0] != '.' })...)
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		c.lines(file, keyOf)
	}
}

// keyOf is the key that a line of an environment file sets. Of a value that goes on
// over several lines nothing is told.
func keyOf(line string) string {
	key, _, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	if key = strings.TrimSpace(key); !ok || key == "" || strings.ContainsFunc(key, func(r rune) bool { return r > 0x7f || !inName(byte(r)) }) {
		return ""
	}
	return key
}

// caddyfiles asks of each line in the configurations of the units that run caddy, in
// Debian's, and in all that these import.
func (c *census) caddyfiles() {
	mains := []string{"/etc/caddy/Caddyfile"}
	for _, u := range c.units {
		for _, key := range []string{"ExecStart", "ExecReload"} {
			for _, command := range u.Commands(key) {
				if path.Base(command.Path) == "caddy" {
					mains = append(mains, configsOf(command.Argv)...)
				}
			}
		}
	}
	var files []string
	for _, main := range mains {
		for _, file := range (&Caddyfile{Path: Path(main)}).loads(c.view) {
			if _, state := follow(c.view, file); !slices.Contains(files, file) && !isDirectory(state) {
				files = append(files, file)
			}
		}
	}
	for _, file := range files {
		c.lines(file, firstWord)
	}
}

// configsOf is the configurations that caddy is given.
func configsOf(args []string) []string {
	var files []string
	for i, arg := range args {
		file, joined := strings.CutPrefix(arg, "--config=")
		if (arg == "--config" || arg == "-c") && i+1 < len(args) {
			file, joined = args[i+1], true
		}
		if joined && path.IsAbs(file) {
			files = append(files, file)
		}
	}
	return files
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	if strings.Contains(word, "/") {
		return ""
	}
	return word
}
