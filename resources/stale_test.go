package resources

import (
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// at is a moment of the day of these tests.
func at(clock string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, "2026-06-03 "+clock, time.Local)
	if err != nil {
		panic(err)
	}
	return t
}

func TestNewer(t *testing.T) {
	started, now := at("10:00:00"), at("12:00:00")
	tests := []struct {
		what         string
		mtime, ctime time.Time
		want         finding
	}{
		{"older", at("09:00:00"), at("09:00:00"), no},
		{"changed since", at("11:00:00"), at("11:00:00"), yes},
		{"chmod since", at("09:00:00"), at("11:00:00"), no},
		{"changed at the very start", started, started, no},
		{"not there", time.Time{}, time.Time{}, no},
		{"stamped for the future before the start", at("23:00:00"), at("09:00:00"), no},
		{"stamped for the future since", at("23:00:00"), at("11:00:00"), yes},
		{"stamped for the future by a clock that is ahead", at("23:00:00"), at("22:00:00"), unknown},
		{"planned", now, now, yes},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			if got := newer(test.mtime, test.ctime, started, now); got != test.want {
				t.Errorf("newer = %v, want %v", got, test.want)
			}
		})
	}
	if newer(now, now, time.Time{}, now) != no {
		t.Error("a moment that is not known: want no")
	}
	if newer(now, now, now.Add(time.Minute), now) != yes {
		t.Error("what is planned is newer than what began during the look")
	}
	if written := now.Add(-10 * time.Millisecond); newer(written, written, now.Add(time.Millisecond), now) != no {
		t.Error("what was written before the look is older than what began during it")
	}
}

func TestJudgeRun(t *testing.T) {
	now := at("12:00:00")
	unit := node.Unit{Started: at("10:00:00"), Loaded: at("11:00:00")}
	file := func(path string, a answer, clock string) evidence {
		return evidence{path: path, answer: a, mtime: at(clock), ctime: at(clock)}
	}
	tests := []struct {
		what     string
		evidence []evidence
		verb     node.Verb
		why      string
		note     string
	}{
		{what: "nothing"},
		{
			what:     "all is older",
			evidence: []evidence{file("/unit", restart, "09:00:00"), file("/Caddyfile", reload, "10:30:00")},
		},
		{
			what:     "a newer file",
			evidence: []evidence{file("/env", restart, "10:30:00")},
			verb:     node.RestartUnit,
			why:      "it runs with an older /env (changed 10:30:00, read 10:00:00)",
		},
		{
			what:     "newer than the last reload",
			evidence: []evidence{file("/Caddyfile", reload, "11:30:00")},
			verb:     node.ReloadUnit,
			why:      "it runs with an older /Caddyfile (changed 11:30:00, read 11:00:00)",
		},
		{
			what:     "a restart is a reload as well",
			evidence: []evidence{file("/Caddyfile", reload, "11:30:00"), file("/env", restart, "10:30:00"), file("/unit", restart, "11:00:00")},
			verb:     node.RestartUnit,
			why:      "it runs with an older /env (changed 10:30:00, read 10:00:00), and 1 more",
		},
		{
			what:     "a file stands for its directory",
			evidence: []evidence{file("/x.d/a.conf", restart, "10:30:00"), file("/x.d", restart, "10:30:00")},
			verb:     node.RestartUnit,
			why:      "it runs with an older /x.d/a.conf (changed 10:30:00, read 10:00:00)",
		},
		{
			what:     "only reported",
			evidence: []evidence{file("/env", report, "10:30:00")},
			note:     "it runs with an older /env (changed 10:30:00, read 10:00:00)",
		},
		{
			what:     "another value",
			evidence: []evidence{{path: "/env", answer: restart, mtime: at("09:00:00"), differs: "PORT"}},
			verb:     node.RestartUnit,
			why:      "it runs with another PORT than stands in /env",
		},
		{
			what:     "planned",
			evidence: []evidence{file("/env", restart, "12:00:00")},
			verb:     node.RestartUnit,
			why:      "it runs with an older /env",
		},
		{
			what:     "from the future",
			evidence: []evidence{file("/env", restart, "23:00:00")},
			note:     "the time stamps of /env lie in the future (23:00:00): whether the unit has read it cannot be told",
		},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			got := judgeRun(unit, now, test.evidence)
			if got.verb != test.verb || got.why != test.why {
				t.Errorf("judgeRun = %q because %q, want %q because %q", got.verb, got.why, test.verb, test.why)
			}
			note := ""
			if len(got.notes) > 0 {
				note = got.notes[0]
			}
			if note != test.note || len(got.notes) > 1 {
				t.Errorf("notes %q, want %q", got.notes, test.note)
			}
		})
	}
}
