package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
)

// This file puts into words what runs have changed; term.go prints it.

// historyLines lists runs.
func historyLines(runs []agent.PastRun) []line {
	if len(runs) == 0 {
		return []line{in("", "No run has changed anything here yet.")}
	}
	var lines []line
	for _, run := range runs {
		lines = append(lines, in("", pastLine(run)))
	}
	return lines
}

// pastRunLines tells of one run what it has changed.
func pastRunLines(run agent.PastRun, changes []agent.PastChange) []line {
	lines := []line{in("", pastLine(run))}
	if _, more, ok := strings.Cut(run.Because, "\n"); ok {
		lines = append(lines, in("", indent(more)))
	}
	for _, c := range changes {
		text := c.Line
		if c.Made != "yes" {
			text += " (made: " + c.Made + ")"
		}
		lines = append(lines, line{{"", "~ "}, {bold, c.Resource}}, in("", indent(text)))
		lines = append(lines, diffLines(c.Diff)...)
	}
	return lines
}

// pastLine is a past run in one line.
func pastLine(r agent.PastRun) string {
	if r.Started.IsZero() {
		return fmt.Sprintf("%4d  %s: %s", r.Run, r.Result, r.Because)
	}
	line := fmt.Sprintf("%4d  %s  %-8s  %-11s  %s", r.Run, r.Started.Local().Format(time.DateTime), r.Mode, strings.ReplaceAll(r.Result, "_", " "), count(r.Changes, "change"))
	switch {
	case r.Of != 0:
		line += fmt.Sprintf(", took run %d back", r.Of)
	default:
		line += ", " + r.Manifest
	}
	if r.Because != "" {
		line += ": " + brief(r.Because)
	}
	if r.UndoneBy != 0 {
		line += fmt.Sprintf(" (taken back by run %d)", r.UndoneBy)
	}
	return line
}
