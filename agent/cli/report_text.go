package cli

import (
	"fmt"
	"strings"

	"github.com/makenotwork/mnw-agent/agent"
)

// This file lays out a report; words.go has its sentences, and term.go prints it.

// A look is how much of a report is shown.
type look struct {
	diffs   bool // what changes, as unified diffs
	all     bool // what is as declared, too
	applied bool // apply was to make the changes
	byHand  bool // no manifest of somebody's, so none is held
}

// signs stand before a resource, by its outcome.
var signs = map[agent.Outcome]struct {
	sign string
	ink  ink
}{
	agent.OutcomeOK:       {" ", faint},
	agent.OutcomeDiffers:  {"~", yellow},
	agent.OutcomeChanged:  {"~", green},
	agent.OutcomeAudited:  {"?", yellow},
	agent.OutcomeFighting: {"?", red},
	agent.OutcomeFailed:   {"!", red},
	agent.OutcomeRefused:  {"x", red},
	agent.OutcomeSkipped:  {"-", red},
	agent.OutcomeReverted: {"<", yellow},
	agent.OutcomeUnproven: {"?", yellow},
}

// reportLines tells a report: what is not as declared, then a summary.
func reportLines(r *agent.Report, l look) []line {
	var lines []line
	for i := range r.Resources {
		one := &r.Resources[i]
		fine := one.Outcome == agent.OutcomeOK && len(one.Notes) == 0
		if (l.all || !fine) && one.Outcome != agent.OutcomeUnseen {
			lines = append(lines, resourceReport(one, l)...)
		}
	}
	for _, back := range []*agent.RollbackReport{r.Recovered, r.Rollback} {
		if back != nil && r.Mode != agent.ModeRollback {
			lines = append(lines, rollbackReport(back, l)...)
		}
	}
	for _, id := range r.Orphans {
		lines = append(lines, line{{yellow, "? "}, {bold, id}, {yellow, " (orphaned)"}})
	}
	for _, note := range r.Notes {
		lines = append(lines, in(yellow, strings.TrimLeft(indent("note: "+note), " ")))
	}
	return append(lines, summary(r, l)...)
}

// resourceReport tells of a resource what is wrong with it, and what changes.
func resourceReport(r *agent.ResourceReport, l look) []line {
	mark := signs[r.Outcome]
	lines := []line{{{mark.ink, mark.sign}, {"", " "}, {bold, r.ID}, {yellow, causeOf(r)}}}
	if r.Error != "" {
		text := r.Error
		if r.Outcome != agent.OutcomeSkipped && r.Position != "" {
			text = r.Position + ": " + r.ID + ": " + text
		}
		lines = append(lines, in(red, indent(text)))
	}
	for i, c := range r.Changes {
		text := c.Line
		switch {
		case r.Outcome == agent.OutcomeFailed && i < r.Made:
			text += " (done)"
		case r.Outcome == agent.OutcomeDiffers && l.applied:
			text += " (not done)"
		}
		lines = append(lines, in("", indent(text)))
		if l.diffs {
			lines = append(lines, diffLines(c.Diff)...)
		}
	}
	for _, text := range r.Differs {
		if !strings.Contains(r.Error, text) {
			lines = append(lines, in("", indent(text)))
		}
	}
	for _, note := range r.Notes {
		lines = append(lines, in(yellow, indent("note: "+note)))
	}
	return lines
}

// diffLines is a unified diff, a colour for each kind of line.
func diffLines(diff string) []line {
	var lines []line
	for text := range strings.Lines(diff) {
		text = strings.TrimSuffix(text, "\n")
		var colour ink
		switch {
		case strings.HasPrefix(text, "+++ "), strings.HasPrefix(text, "--- "):
			colour = bold
		case strings.HasPrefix(text, "@@"):
			colour = cyan
		case strings.HasPrefix(text, "+"):
			colour = green
		case strings.HasPrefix(text, "-"):
			colour = red
		}
		lines = append(lines, line{{"", "    "}, {colour, text}})
	}
	return lines
}

// rollbackReport tells how a run was taken back.
func rollbackReport(r *agent.RollbackReport, l look) []line {
	lines := []line{in(yellow, fmt.Sprintf("Run %d is taken back: %s", r.Of, brief(r.Because)))}
	for i := range r.Resources {
		lines = append(lines, resourceReport(&r.Resources[i], l)...)
	}
	for _, text := range r.Errors {
		lines = append(lines, in(red, "! "+text))
	}
	return lines
}

// byHand tells what a person has to do after a roll-back that failed.
func byHand(r *agent.RollbackReport) []line {
	if r == nil || len(r.ByHand) == 0 {
		return nil
	}
	lines := []line{in(red, "To be done by hand:")}
	for _, command := range r.ByHand {
		lines = append(lines, in("", "    "+command))
	}
	return lines
}

// summary says in a line or two how the run ended and what state the node is in.
func summary(r *agent.Report, l look) []line {
	var lines []line
	for _, c := range r.Checks {
		if text := checkLine(c, r.Mode); text != "" {
			lines = append(lines, in("", text))
		}
	}
	for _, w := range r.Windows {
		lines = append(lines, in("", windowLine(w)))
	}
	lines = append(lines, in("", tally(r)))
	if text := orphaned(r); text != "" {
		lines = append(lines, in(yellow, text))
	}
	lines = append(lines, byHand(r.Recovered)...)
	lines = append(lines, byHand(r.Rollback)...)
	end := ending(r)
	if l.byHand {
		end = strings.TrimSuffix(end, heldNow)
	}
	if end != "" {
		lines = append(lines, in(endInk(r), end))
	}
	return lines
}

func endInk(r *agent.Report) ink {
	switch r.Result {
	case agent.Failed, agent.RolledBack, agent.RollbackFailed, agent.Held:
		return red
	}
	return green
}
