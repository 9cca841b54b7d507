package service

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Runs of a timer that goes by the clock are as far apart as they should be, says
// systemd, over a day on which clocks are changed, the end of a month and of a year.
func TestCalendar(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip(err)
	}
	for _, text := range []string{"1s", "2s", "5s", "10s", "15s", "30s", "1m", "5m", "20m", "30m", "1h", "2h", "6h", "12h", "24h", "168h"} {
		every, err := time.ParseDuration(text)
		if err != nil || calendar(every) == "" {
			t.Fatalf("%s: no calendar, %v", text, err)
		}
		for _, from := range []string{"2026-03-28 22:59:57 UTC", "2026-10-24 23:59:57 UTC", "2026-12-31 23:58:58 UTC"} {
			look := exec.Command("systemd-analyze", "calendar", "--iterations=5", "--base-time="+from, calendar(every))
			look.Env = []string{"TZ=Europe/Berlin", "PATH=/usr/bin:/bin"}
			said, err := look.CombinedOutput()
			at := moments(t, string(said))
			if err != nil || len(at) != 5 {
				t.Fatalf("%s: %v: %s", calendar(every), err, said)
			}
			for i, next := range at[1:] {
				if got := next.Sub(at[i]); got != every {
					t.Errorf("%s is %s: from %s to %s there are %s", text, calendar(every), at[i], next, got)
				}
			}
		}
	}
}

var momentLine = regexp.MustCompile(`(?m)\(in UTC\): \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$`)

func moments(t *testing.T, said string) []time.Time {
	var at []time.Time
	for _, found := range momentLine.FindAllStringSubmatch(said, -1) {
		moment, err := time.Parse(time.DateTime, found[1])
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, moment)
	}
	return at
}

// What the clock cannot tell is counted, and nodes are not made late then.
func TestNoCalendar(t *testing.T) {
	for _, every := range []time.Duration{7 * time.Second, 45 * time.Second, 90 * time.Second, 7 * time.Minute, 90 * time.Minute, 5 * time.Hour, 48 * time.Hour} {
		if c := calendar(every); c != "" || Usual(every) != 0 {
			t.Errorf("%s is %q, late by %s", every, c, Usual(every))
		}
		units, err := Service{Name: "mnw-agent", Argv: []string{"/bin/true"}, Every: every}.units()
		if err != nil {
			t.Fatal(err)
		}
		text := *units["mnw-agent.timer"].Content
		if !strings.Contains(text, "\nOnUnitActiveSec="+Span(every)+"\n") || strings.Contains(text, "\nPersistent=") || strings.Contains(text, "\nRandomizedDelaySec=") {
			t.Error(text)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 500 * time.Millisecond: "500ms", 30 * time.Second: "30s", 5 * time.Minute: "5m", 90 * time.Second: "1m30s",
		time.Hour: "1h", 24 * time.Hour: "24h", time.Hour + time.Second: "1h0m1s", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m",
	} {
		if got := Span(d); got != want {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	}
}
