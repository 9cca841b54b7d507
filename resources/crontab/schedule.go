package crontab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// nicknames are the schedules of one word.
var nicknames = []string{"@reboot", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"}

// A field is one of the five of a schedule.
type field struct {
	name     string
	min, max int
	names    []string // of the values from min on
}

var fields = []field{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// CheckSchedule says what is wrong with a schedule: five fields, or one of the
// nicknames, as in crontab(5). A day that never comes, such as 31 February, is
// not wrong. What crontab(1) takes but cron reads as something else is: a range
// that runs backwards, which never fires; what follows a value, which is
// skipped; a number that overflows.
//
// The grammar is our own because libraries read another one: they know no
// @reboot and no seventh weekday, and take seconds, `?` and steps of one number.
func CheckSchedule(s string) error {
	words := splitBlanks(s)
	if len(words) == 1 && words[0][0] == '@' {
		if !slices.Contains(nicknames, words[0]) {
			return fmt.Errorf("%q is not a schedule of cron: there are %s", words[0], strings.Join(nicknames, " "))
		}
		return nil
	}
	if len(words) != len(fields) {
		return fmt.Errorf("%q has %d fields instead of five: minute, hour, day of month, month, day of week", s, len(words))
	}
	for i, f := range fields {
		for _, item := range strings.Split(words[i], ",") {
			if err := f.check(item); err != nil {
				return fmt.Errorf("%s %q: %w", f.name, words[i], err)
			}
		}
	}
	return nil
}

// check examines one item of the list that a field is: `*`, a value or a
// range, and after `*` or a range perhaps a step.
func (f field) check(item string) error {
	span, step, stepped := strings.Cut(item, "/")
	first, last, ranged := strings.Cut(span, "-")
	if stepped {
		if n, err := strconv.ParseUint(step, 10, 31); err != nil || n == 0 {
			return fmt.Errorf("the step %q is not a number above 0", step)
		}
		if span != "*" && !ranged {
			return fmt.Errorf(`a step needs a range: write "%s-%d/%s"`, span, f.max, step)
		}
	}
	if span == "*" {
		return nil
	}
	from, err := f.value(first)
	if err != nil || !ranged {
		return err
	}
	to, err := f.value(last)
	if err == nil && from > to {
		err = fmt.Errorf("the range %q runs backwards: cron would never run the job", span)
	}
	return err
}

// value reads a number, or a name in any case.
func (f field) value(s string) (int, error) {
	if i := slices.Index(f.names, strings.ToLower(s)); i >= 0 {
		return f.min + i, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err == nil && f.min <= int(n) && int(n) <= f.max {
		return int(n), nil
	}
	if f.names != nil {
		return 0, fmt.Errorf("%q is neither a number from %d to %d nor a name such as %s", s, f.min, f.max, f.names[0])
	}
	return 0, fmt.Errorf("%q is not a number from %d to %d", s, f.min, f.max)
}

// splitBlanks splits where cron does: at spaces and tabs, and nowhere else.
func splitBlanks(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' })
}
