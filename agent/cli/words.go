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
	add(agent.OutcomeDiffers, "to change")
	add(agent.OutcomeAudited, "different, only audited")
	if len(parts) == 0 {
		return fmt.Sprintf("%s, all as declared. %s", total, took)
	}
	add(agent.OutcomeOK, "as declared")
	return fmt.Sprintf("%s: %s. %s", total, strings.Join(parts, ", "), took)
}

// ending is what a person wants to know of a run that did not end well.
func ending(r *agent.Report) string {
	changed := r.Count(agent.OutcomeChanged)
	switch {
	case r.Result != agent.Failed && r.Mode == agent.ModePlan:
		return agreement(r)
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
	}
	return "Everything that does not depend on what failed is as declared: mend that, and apply again."
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
