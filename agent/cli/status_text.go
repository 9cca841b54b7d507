package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file puts into words what is known of a node; term.go prints it.

// stateInks are the colours of states.
var stateInks = map[agent.ResourceState]ink{
	agent.StateConverged: faint,
	agent.StateDrifted:   yellow,
	agent.StatePending:   yellow,
	agent.StateOrphaned:  yellow,
	agent.StateFailed:    red,
	agent.StateFighting:  red,
	agent.StateUnknown:   yellow,
}

// statusLines tells a status: the last runs first, then what is not as declared,
// then what is, unless that is left out.
func statusLines(s *agent.Status, brief bool, now time.Time) []line {
	if len(s.Runs) == 0 {
		return []line{in("", "No run is remembered here yet.")}
	}
	var lines []line
	if s.InProgress {
		lines = append(lines, in(yellow, "a run is under way"))
	}
	for _, r := range s.Runs {
		lines = append(lines, runLine(r, now))
	}
	for _, m := range s.Manifests {
		lines = append(lines, manifestLines(m)...)
	}
	lines = append(lines, in(bold, statesTally(s)))
	lines = append(lines, resourceLines(s, brief, now)...)
	for _, c := range s.Checks {
		lines = append(lines, checkStatus(c, brief, now)...)
	}
	if o := s.Outage; o != nil {
		lines = append(lines, in("", fmt.Sprintf("last outage: check %s was failing for %s in the run that ended %s", o.Check, seconds(o.Seconds), ago(o.At, now))))
	}
	for _, note := range s.Notes {
		lines = append(lines, in(yellow, "note: "+note))
	}
	return lines
}

func runLine(r agent.RunStatus, now time.Time) line {
	text := fmt.Sprintf("last %s: %s, %s, of %s, in %s", r.Mode, strings.ReplaceAll(string(r.Result), "_", " "), ago(r.Ended, now), r.Manifest, seconds(r.Seconds))
	if r.Error != "" {
		return in(red, text+"\n"+indent(r.Error))
	}
	i := green
	switch r.Result {
	case agent.Failed, agent.RolledBack, agent.RollbackFailed, agent.Held:
		i = red
	case agent.Differs:
		i = yellow
	}
	if r.Success == nil || r.Success.Before(r.Ended) {
		text += successOf(r, now)
	}
	return in(i, text)
}

func successOf(r agent.RunStatus, now time.Time) string {
	switch {
	case r.Mode == agent.ModeRollback:
		return ""
	case r.Success == nil:
		return "; none has ended well yet"
	}
	return "; the last one that ended well was " + ago(*r.Success, now)
}

func manifestLines(m agent.ManifestStatus) []line {
	lines := []line{in("", fmt.Sprintf("manifest %s (%.12s): %s", m.Path, m.Digest, count(m.Resources, "resource")))}
	if h := m.Held; h != nil {
		lines = append(lines, in(red, fmt.Sprintf("    held since run %d was taken back, %s (%s): change it, or apply --retry-held",
			h.Run, h.Since.Local().Format(time.DateTime), brief(h.Because))))
	}
	return lines
}

// statesTally is how many resources are in which state.
func statesTally(s *agent.Status) string {
	var parts []string
	for _, state := range agent.ResourceStates {
		if n := s.Count(state); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		return "no resources"
	}
	return count(len(s.Resources), "resource") + ": " + strings.Join(parts, ", ")
}

// resourceLines is a line for each resource, what is not as declared first.
func resourceLines(s *agent.Status, brief bool, now time.Time) []line {
	var wrong, right []line
	stale := map[string][]node.Stale{}
	for _, u := range s.Units {
		stale["run:"+u.Unit] = u.Stale
	}
	for _, r := range s.Resources {
		text := fmt.Sprintf("  %-10s %s", r.State, r.ID)
		if r.Since != nil {
			text += ", since " + when(*r.Since, now)
		}
		if r.Drifted && r.State != agent.StateDrifted {
			text += ", drifted"
		}
		if r.Why != "" {
			text += "\n" + indentBy("             ", r.Why)
		}
		for _, how := range stale[r.ID] {
			text += "\n" + indentBy("             ", staleWords[how])
		}
		if r.State == agent.StateConverged && len(stale[r.ID]) == 0 {
			right = append(right, in(stateInks[r.State], text))
		} else {
			wrong = append(wrong, in(stateInks[r.State], text))
		}
	}
	if brief {
		return wrong
	}
	return slices.Concat(wrong, right)
}

// staleWords tells the ways in which a unit can be stale.
var staleWords = map[node.Stale]string{
	node.StaleManager:     "systemd has not read its files as they are: a daemon-reload is due",
	node.StaleUnit:        "it runs with an older unit file or drop-in",
	node.StaleEnvironment: "it runs with an older environment file",
	node.StaleReads:       "it runs with an older file that it reads",
	node.StaleLoads:       "it has not loaded its configuration as it is",
}

func checkStatus(c agent.CheckStatus, brief bool, now time.Time) []line {
	switch {
	case c.Success && brief:
		return nil
	case c.Success:
		return []line{in(faint, fmt.Sprintf("check %s passed %s", c.Check, ago(c.Asked, now)))}
	}
	since := c.Asked
	if c.Since != nil { // always, but in a document that somebody has edited
		since = *c.Since
	}
	return []line{in(red, fmt.Sprintf("check %s has failed since %s:\n%s", c.Check, when(since, now), indent(c.Error)))}
}

func indentBy(margin, text string) string {
	return margin + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+margin)
}

func seconds(s float64) string { return round(time.Duration(s * float64(time.Second))).String() }

// ago is how long ago a moment was, and when.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 0:
		return "at " + when(t, now)
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago, at %s", int(d.Hours()), when(t, now))
	}
	return fmt.Sprintf("%d days ago, at %s", int(d.Hours()/24), when(t, now))
}

// when is a moment: its time of day, with its date when that is not today.
func when(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}
