package resources

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/crontab"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Crontab is jobs by name in a user's own table. Foreign lines and their order
// survive byte for byte; a job's own line is marked by comments around it. The
// table is written through crontab(1).
//
//	crontabs:
//	  makenotwork:
//	    jobs:
//	      backup-db: {schedule: "0 3 * * *", command: /opt/mnw/backup-db.sh}
type Crontab struct {
	User UserName `yaml:"-"`
	// Jobs are the jobs, each under a name of its own.
	Jobs map[string]*CronJob `yaml:"jobs,omitempty"`
	// Env is settings such as MAILTO, which hold for these jobs.
	Env map[string]string `yaml:"env,omitempty"`
	// Exclusive owns the whole table: foreign lines go.
	Exclusive bool `yaml:"exclusive,omitempty"`
	// State is whether the user should have a table at all. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// A CronJob is a command that cron runs on a schedule.
type CronJob struct {
	// Schedule is five fields as in crontab(5), or @daily and its kind.
	Schedule Schedule `yaml:"schedule,omitempty"`
	// Command is what the shell gets. A % is escaped for cron.
	Command string `yaml:"command,omitempty"`
	// Replaces are lines of the table, as crontab -l shows them, that this job
	// stands in for.
	Replaces []string `yaml:"replaces,omitempty"`
	// State is whether the job should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// A Schedule is when cron runs a job.
type Schedule string

// UnmarshalText takes a schedule as Debian's cron does.
func (s *Schedule) UnmarshalText(text []byte) error {
	*s = Schedule(text)
	return crontab.CheckSchedule(string(text))
}

// ByLine says that lines of others are kept.
func (*Crontab) ByLine() {}

// Plan is part of Resource.
func (c *Crontab) Plan(_ context.Context, v node.View) (node.Plan, error) {
	user := string(c.User)
	if _, ok := v.User(user); !ok && !c.Departs() {
		return node.Plan{}, fmt.Errorf("no user %q", user)
	}
	text, exists, err := v.Crontab(user)
	if err != nil {
		return node.Plan{}, err
	}
	change := &node.CrontabChange{User: user}
	if exists {
		change.From = node.NewContent(text)
	}
	if !c.Departs() {
		table := crontab.Parse(text)
		if err := c.edit(table); err != nil {
			return node.Plan{}, err
		}
		if wanted := table.Bytes(); exists || len(wanted) > 0 {
			change.To = node.NewContent(wanted)
		}
	}
	if change.From == nil && change.To == nil || change.From != nil && change.To != nil && change.From.Equal(change.To) {
		return node.Plan{}, nil
	}
	return node.Plan{Changes: []node.Change{change}}, nil
}

func (c *Crontab) edit(table *crontab.Table) error {
	names := slices.Sorted(maps.Keys(c.Jobs))
	if c.Exclusive {
		table.Keep(names...)
	}
	if err := table.SetEnv(c.Env); err != nil {
		return err
	}
	for _, name := range names {
		job := c.Jobs[name]
		if job.State.Departs() {
			table.Remove(name, job.Replaces...)
		} else if err := table.Set(job.named(name)); err != nil {
			return err
		}
	}
	return nil
}

func (j *CronJob) named(name string) crontab.Job {
	return crontab.Job{Name: name, Schedule: string(j.Schedule), Command: j.Command, Replaces: j.Replaces}
}

// Owns is part of Owner.
func (c *Crontab) Owns() []node.Subject {
	return []node.Subject{
		{Kind: node.OfCrontab, Name: string(c.User)},
		{Kind: node.OfPath, Name: node.CrontabFile(string(c.User))},
	}
}

// Departs is part of Departer.
func (c *Crontab) Departs() bool { return c.State.Departs() }

// Check is part of Checker.
func (c *Crontab) Check() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		errs = append(errs, inField(crontab.CheckEnv(name, c.Env[name]), "env", name))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Jobs)) {
		errs = append(errs, inField(crontab.CheckName(name), "jobs", name))
		errs = append(errs, c.Jobs[name].check(name))
	}
	return errors.Join(errs...)
}

func (j *CronJob) check(name string) error {
	switch {
	case j == nil:
		return inField(errors.New("the job has no schedule"), "jobs", name)
	case j.State.Departs():
		return nil
	case j.Schedule == "":
		return inField(errors.New("the job has no schedule"), "jobs", name)
	case j.Command == "":
		return inField(errors.New("the job has no command"), "jobs", name)
	}
	errs := []error{inField(commandError(j.Command), "jobs", name, "command")}
	for _, line := range j.Replaces {
		errs = append(errs, inField(crontab.CheckReplaces(line), "jobs", name, "replaces"))
	}
	return errors.Join(errs...)
}

func commandError(command string) error {
	if err := crontab.CheckCommand(command); err != nil {
		return fmt.Errorf("the command %w", err)
	}
	return nil
}
