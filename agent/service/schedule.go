package service

import (
	"fmt"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
)

// This file tells systemd how often. A timer that goes by the clock
// (OnCalendar=, systemd.time(7)) makes up for runs that were missed while the
// node was off; but the clock can only tell times that divide a minute, an hour,
// a day or a week evenly. Any other is counted from the last run.

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// calendar is the value of OnCalendar= for runs that are so far apart, "" where
// there is none.
func calendar(every time.Duration) string {
	switch {
	case every == week:
		return "Mon *-*-* 00:00:00 UTC"
	case every == day:
		return "*-*-* 00:00:00 UTC"
	case time.Hour <= every && divides(every, time.Hour, day):
		return "*-*-* " + steps(every/time.Hour) + ":00:00 UTC"
	case time.Minute <= every && divides(every, time.Minute, time.Hour):
		return "*-*-* *:" + steps(every/time.Minute) + ":00 UTC"
	case divides(every, time.Second, time.Minute):
		return "*-*-* *:*:" + steps(every/time.Second) + " UTC"
	}
	return ""
}

// divides says whether a time is a number of units that divides the whole evenly.
func divides(every, unit, whole time.Duration) bool { return every%unit == 0 && whole%every == 0 }

// steps is every n-th of something, from the first one on.
func steps(n time.Duration) string {
	if n == 1 {
		return "*"
	}
	return fmt.Sprintf("00/%d", n)
}

// Span is a time as systemd and people write it, to the millisecond: 5m, not 5m0s.
func Span(d time.Duration) string { return resources.Duration(d.Round(time.Millisecond)).String() }

// Usual is by how much nodes that run so often may be late: a tenth. Where runs are
// counted from the last one they drift apart by themselves, and to be late would make
// each of them longer.
func Usual(every time.Duration) time.Duration {
	if calendar(every) == "" {
		return 0
	}
	return every / 10
}
