package resources

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/makenotwork/mnw-agent/resources/crontab"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// Import is part of Importer. A job that is declared gets comments around its line, so
// that only those that have them can be declared without changing the table. The others
// are told without their arguments: nobody else may read a table, and it may hold secrets.
func (c *Crontab) Import(v node.View) (notes []string, err error) {
	text, ok, err := v.Crontab(string(c.User))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("user %s has no crontab", c.User)
	}
	table := crontab.Parse(text)
	for _, job := range table.Jobs() {
		if c.Jobs == nil {
			c.Jobs = map[string]*CronJob{}
		}
		c.Jobs[job.Name] = &CronJob{Schedule: Schedule(job.Schedule), Command: job.Command}
	}
	for _, name := range table.Unsaid() {
		notes = append(notes, name+" is not declared: its line is missing, is none that cron takes, or feeds its command with a %")
	}
	notes = append(notes, c.importEnv(v, table.Env())...)
	var others []string
	for _, job := range table.Foreign() {
		others = append(others, job.Schedule+" "+withoutArguments(job.Command))
	}
	if len(others) > 0 {
		notes = append(notes, "not declared, since a job gets comments around its line: to manage one of these, declare it under jobs, with a name, its schedule and its whole command:\n"+strings.Join(others, "\n"))
	}
	return notes, nil
}

// importEnv fills in the settings that are no secrets.
func (c *Crontab) importEnv(v node.View, env map[string]string) (notes []string) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if name != "MAILTO" && !harmless(v, name, env[name]) {
			notes = append(notes, name+" is not declared, since it may be a secret: add it under env, or it goes")
			continue
		}
		if c.Env == nil {
			c.Env = map[string]string{}
		}
		c.Env[name] = env[name]
	}
	return notes
}

var programName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w./-]+$`) })

// withoutArguments is what a command runs, and that more is said.
func withoutArguments(command string) string {
	name, rest, _ := strings.Cut(command, " ")
	switch {
	case !programName().MatchString(name):
		return "…"
	case rest != "":
		return name + " …"
	}
	return name
}
