package resources

import (
	"fmt"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/crontab"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// Import is part of Importer. A job that is declared gets comments around its line, so
// that only those that have them can be declared without changing the table.
func (c *Crontab) Import(v node.View) (notes []string, err error) {
	text, ok, err := v.Crontab(string(c.User))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("user %s has no crontab", c.User)
	}
	table := crontab.Parse(text)
	if env := table.Env(); len(env) > 0 {
		c.Env = env
	}
	for _, job := range table.Jobs() {
		if c.Jobs == nil {
			c.Jobs = map[string]*CronJob{}
		}
		c.Jobs[job.Name] = &CronJob{Schedule: Schedule(job.Schedule), Command: job.Command}
	}
	if others := table.Foreign(); len(others) > 0 {
		notes = append(notes, "not declared, since a job gets comments around its line: to manage one of these, declare it under jobs, with a name, its schedule and its command:\n"+strings.Join(others, "\n"))
	}
	return notes, nil
}
