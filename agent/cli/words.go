package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
)

// This file puts into words what a run came to; term.go prints them.

// tally is how many resources ended how, and how long it took.
func tally(r *agent.Report) string {
	total := count(len(r.Resources), "resource")
	took := round(time.Duration(r.Seconds * float64(time.Second)))
	var parts []string
	add := func(o agent.Outcome, what string) {
		if n := r.Count(o); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(agent.OutcomeRefused, "refused")
	add(agent.OutcomeFailed, "failed")
	add(agent.OutcomeSkipped, "skipped")
	add(agent.OutcomeChanged, "changed")
	add(agent.OutcomeReverted, "changed and taken back")
	add(agent.OutcomeDiffers, "to change")
	add(agent.OutcomeAudited, "different, only told")
	add(agent.OutcomeFighting, "fought for, left alone")
	add(agent.OutcomeUnproven, "unproven")
	add(agent.OutcomeUnseen, "not looked at")
	if r.Result == agent.Held {
		return total + ", not looked at. " + took.String()
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%s, all as declared. %s", total, took)
	}
	add(agent.OutcomeOK, "as declared")
	return fmt.Sprintf("%s: %s. %s", total, strings.Join(parts, ", "), took)
}

// heldNow is what comes of a roll-back for a manifest.
const heldNow = " The manifest is held until it changes, or until apply --retry-held."

// ending is what a person wants to know of a run that did not end well.
func ending(r *agent.Report) string {
	changed := r.Count(agent.OutcomeChanged)
	switch {
	case r.Result == agent.RolledBack:
		return "Rolled back: the node is as it was before." + heldNow
	case r.Result == agent.RollbackFailed:
		return "The roll-back did not succeed: mend what is marked above, and do by hand what it could not do."
	case r.Result == agent.Held:
		return fmt.Sprintf("Nothing was done: this manifest is held since run %d was taken back, %s (%s). Change it, or apply it with --retry-held.",
			r.Held.Run, r.Held.Since.Local().Format(time.DateTime), brief(r.Held.Because))
	case r.Mode == agent.ModeRollback:
		return rollbackEnding(r)
	case r.Result != agent.Failed && r.Mode == agent.ModePlan:
		return agreement(r)
	case r.Result == agent.Differs:
		return "What is fought for is left as it is: find out who changes it, then change the manifest, or apply --enforce."
	case r.Result != agent.Failed:
		return ""
	case r.Stopped:
		return "The run was stopped before its end: apply again."
	case r.Mode == agent.ModePlan:
		return "Apply would not go through: mend what is marked above."
	case r.Refused && changed == 0:
		return "Nothing was changed: mend what is refused above, and apply again."
	case r.Refused:
		return fmt.Sprintf("The run stopped half-way, after %s: mend what is refused above, and apply again.", count(changed, "resource"))
	case r.Count(agent.OutcomeOK)+changed == 0:
		return "Mend what failed, and apply again."
	}
	return "Everything that does not depend on what failed is as declared: mend that, and apply again."
}

// cameTo is one run of many in a line.
func cameTo(r *agent.Report, err error) string {
	var line string
	switch {
	case r == nil:
		return brief(fmt.Sprintf("%s no run: %s", time.Now().Format(time.TimeOnly), err))
	case err != nil:
		line = err.Error()
	default:
		line = tally(r) + " " + ending(r)
	}
	return brief(fmt.Sprintf("%s %s: %s", r.Started.Local().Format(time.TimeOnly), strings.ReplaceAll(string(r.Result), "_", " "), strings.TrimSpace(line)))
}

// causeOf tells of a resource that differs, or did, when that is drift.
func causeOf(r *agent.ResourceReport) string {
	if r.Cause == agent.Drift {
		return " (drift)"
	}
	return ""
}

// orphaned tells of the resources that have left the manifest.
func orphaned(r *agent.Report) string {
	switch n := len(r.Orphans); n {
	case 0:
		return ""
	case 1:
		return "1 resource has left the manifest, and is still there: --prune takes back what was made of it."
	default:
		return fmt.Sprintf("%d resources have left the manifest, and are still there: --prune takes back what was made of them.", n)
	}
}

// agreement names the judges that agree with a plan.
func agreement(r *agent.Report) string {
	var names []string
	for _, j := range r.Judges {
		if j.Verdict == agent.VerdictAgrees && !strings.Contains(strings.Join(names, " "), j.Argv[0]) {
			names = append(names, j.Argv[0])
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "The judges agree: " + strings.Join(names, ", ") + "."
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}

// rollbackEnding is how a roll-back ended that somebody asked for.
func rollbackEnding(r *agent.Report) string {
	of := r.Rollback.Of
	switch {
	case r.Stopped:
		return fmt.Sprintf("Run %d is not taken back, and nothing was changed: the roll-back was stopped before it began.", of)
	case r.Refused:
		return fmt.Sprintf("Run %d is not taken back, and nothing was changed: the node has moved on since. With --force it is taken back as far as can be.", of)
	case r.Result == agent.Failed:
		return "Not all of it could be taken back: mend what is marked above."
	case r.Result == agent.Converged:
		return fmt.Sprintf("Nothing is left of run %d to take back.", of)
	}
	return fmt.Sprintf("Run %d is taken back, by run %d.", of, r.Run)
}

// checkLine tells of a check what is not as it should be, or was not for a while.
func checkLine(c agent.CheckReport, mode agent.Mode) string {
	var parts []string
	switch {
	case c.Verdict == agent.CheckUnproven && mode == agent.ModePlan:
		parts = append(parts, "fails now, so it would prove nothing")
	case c.Verdict == agent.CheckFailed:
		parts = append(parts, "fails now, and passed before")
	case c.Verdict == agent.CheckRecovered:
		parts = append(parts, "passes now, and failed before")
	case c.Verdict == agent.CheckUnproven:
		parts = append(parts, "unproven: it failed before, and fails now")
	}
	if c.Outage != nil {
		text := "failing for " + round(time.Duration(c.Outage.Seconds*float64(time.Second))).String()
		if c.Outage.FirstGood == nil {
			text += ", to the end"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	return "check " + c.Check + ": " + strings.Join(parts, "; ")
}

// windowLine tells how long a unit was stopped, and what for.
func windowLine(w agent.WindowReport) string {
	line := w.Unit + " was down for " + round(time.Duration(w.Seconds*float64(time.Second))).String()
	if w.Up == nil {
		line += ", to the end"
	}
	return line + " (for " + strings.Join(w.For, ", ") + ")"
}

// brief is the first line of a reason: what a unit has logged comes below it, and
// stands with the resource that failed.
func brief(text string) string {
	first, _, more := strings.Cut(text, "\n")
	if more {
		first = strings.TrimSuffix(first, "; its last log lines:")
	}
	return visible(first)
}
