package crontab

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Job is a command that runs on a schedule, under a name that is its own in
// the table.
type Job struct {
	Name     string // see CheckName
	Schedule string // see CheckSchedule
	Command  string // what the shell gets; see CheckCommand
	// Replaces are command lines, as they stand in a table, that this job stands
	// in for. Blanks between their fields and at their end do not matter.
	Replaces []string
}

var jobName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]*$`) })

// CheckName says what is wrong with the name of a job.
func CheckName(s string) error {
	if !jobName().MatchString(s) {
		return fmt.Errorf("%q is not a name for a job: use letters, digits and _ . @ -, beginning with a letter, digit or _", s)
	}
	return nil
}

// maxLine is how long a command, escaped, or a line with a setting may be: from
// 999 bytes on, crontab(1) refuses the one and cron cuts the other.
const maxLine = 998

// CheckCommand says why cron could not hand a command to the shell as it is.
func CheckCommand(s string) error {
	switch {
	case strings.Trim(s, " \t\r\n") == "":
		return errors.New("is empty: cron would run nothing")
	case strings.HasSuffix(s, "\n"):
		return errors.New(`ends in a newline: cron takes one line (in YAML, write ">-" instead of ">" or "|")`)
	case strings.ContainsAny(s, "\n\r\x00"):
		return errors.New("has a line break or a NUL byte: cron takes one line; put a longer script in a file")
	case strings.Trim(s, " \t") != s:
		return errors.New("begins or ends with a blank")
	case s[0] == '*':
		return errors.New(`begins with "*": is that a sixth field of the schedule? cron has five`)
	case s[0] == '=':
		return errors.New(`begins with "=": cron would read the line as an environment setting`)
	case len(escape(s)) > maxLine:
		return fmt.Errorf("has %d bytes when %% is escaped, cron takes %d: put the script in a file", len(escape(s)), maxLine)
	}
	return nil
}

// CheckReplaces says why a text cannot be a command line of a table.
func CheckReplaces(line string) error {
	if _, ok := readEntry(line); !ok || strings.Contains(line, "\n") {
		return fmt.Errorf("%q is not a command line of a crontab: a schedule and a command, as crontab -l shows it", line)
	}
	return nil
}

func (j Job) check() error {
	if err := CheckName(j.Name); err != nil {
		return err
	}
	if err := CheckSchedule(j.Schedule); err != nil {
		return fmt.Errorf("job %s: schedule: %w", j.Name, err)
	}
	if err := CheckCommand(j.Command); err != nil {
		return fmt.Errorf("job %s: command: %w", j.Name, err)
	}
	for _, line := range j.Replaces {
		if err := CheckReplaces(line); err != nil {
			return fmt.Errorf("job %s: replaces: %w", j.Name, err)
		}
	}
	return nil
}

// Set puts a job into the table. A table that has it already, in one line that
// means the same, stays as it is. A foreign line that means the same, or that
// the job replaces, becomes the job's in its place; were there several, or has
// the job a place already, they go. Otherwise the job becomes the last line.
func (t *Table) Set(job Job) error {
	if err := job.check(); err != nil {
		return err
	}
	want := job.entry()
	asWritten := entry{want.schedule, job.Command} // perhaps copied from a table, with its escapes
	claimed := claims(append(readEntries(job.Replaces), want, asWritten))
	at := t.find(jobKey(job.Name))
	if at < 0 {
		at = slices.IndexFunc(t.parts, claimed)
	}
	t.put(at, t.jobPart(at, job.Name, want), claimed)
	return nil
}

// claims says of a part whether it is a foreign line that resembles an entry. A
// block is none: it begins with a comment.
func claims(entries []entry) func(part) bool {
	return func(p part) bool {
		e, ok := readEntry(p.text)
		return ok && slices.ContainsFunc(entries, e.resembles)
	}
}

// jobPart is the block of a job, made from the part at that index. A line there
// that means what is wanted is taken over as it stands.
func (t *Table) jobPart(at int, name string, want entry) part {
	line := want.schedule + " " + want.command + "\n"
	if at >= 0 {
		old := t.parts[at]
		if e, ok := readEntry(old.body()); ok && e.means(want) {
			line = strings.TrimSuffix(old.body(), "\n") + "\n"
		}
	}
	return block(jobKey(name), line)
}

// Foreign is the jobs that are not ours, in their order. They have no names.
func (t *Table) Foreign() []Job {
	var jobs []Job
	for _, p := range t.parts {
		if e, ok := readEntry(p.text); ok && p.key == "" {
			jobs = append(jobs, Job{Schedule: e.schedule, Command: e.command})
		}
	}
	return jobs
}

// Unsaid are the names here that Jobs leaves out.
func (t *Table) Unsaid() []string {
	said := t.Jobs()
	var names []string
	for _, p := range t.parts {
		name, ok := strings.CutPrefix(p.key, "job ")
		if ok && !slices.ContainsFunc(said, func(j Job) bool { return j.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// Jobs are the jobs that have a name here, in their order, as they are at
// present. One whose line is missing, or cannot be declared because it feeds
// its command with `%`, is left out.
func (t *Table) Jobs() []Job {
	var jobs []Job
	for _, p := range t.parts {
		name, ok := strings.CutPrefix(p.key, "job ")
		e, isEntry := readEntry(p.body())
		if !ok || !isEntry {
			continue
		}
		command, input := unescape(e.command)
		job := Job{Name: name, Schedule: e.schedule, Command: command}
		if input == "" && job.check() == nil {
			jobs = append(jobs, job)
		}
	}
	return jobs
}
