package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file fills a report in. Whatever may hold a secret goes through conceal.

func newReport(mode Mode, m *manifests.Manifest, began time.Time) *Report {
	r := &Report{
		Version: 1, Mode: mode, Started: began,
		Resources: []ResourceReport{}, Judges: []JudgeReport{}, Checks: []CheckReport{}, Notes: []string{},
	}
	if m != nil {
		r.Manifest, r.Digest = m.Path, m.Digest
	}
	r.conceal = concealer(m)
	return r
}

// note adds a note on the run, once.
func (r *Report) note(format string, args ...any) {
	text := r.conceal(fmt.Sprintf(format, args...))
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// ruled records a verdict.
func (r *Report) ruled(v node.Verdict, askers []hearing) {
	verdict := VerdictAgrees
	switch {
	case v.Missing:
		verdict = VerdictMissing
	case v.Refused:
		verdict = VerdictRefuses
	}
	r.heard(v.Judge, verdict, askers, r.conceal(v.Words), v.Took)
}

// unjudged records that judges could not be asked.
func (r *Report) unjudged(hearings []hearing) {
	for _, h := range hearings {
		r.heard(h.judge, VerdictNotJudged, []hearing{h}, "", 0)
	}
}

func (r *Report) heard(j node.Judge, verdict string, askers []hearing, words string, took time.Duration) {
	report := JudgeReport{Argv: append(slices.Clone(j.Argv), j.Named...), Verdict: verdict, Words: words, Seconds: took.Seconds()}
	for _, h := range askers {
		report.For = append(report.For, h.step.id.String())
	}
	r.Judges = append(r.Judges, report)
}

// finish completes the report when the run is over, with what more there is to tell.
func (r *Report) finish(steps []*step, more func(), cause error) {
	r.Resources = make([]ResourceReport, 0, len(steps))
	for _, s := range steps {
		r.Resources = append(r.Resources, r.resource(s))
	}
	more()
	r.conclude(cause)
}

// conclude says how the run ended.
func (r *Report) conclude(cause error) {
	if cause != nil {
		r.Stopped = true
		r.note("%s", cause)
	}
	r.Result = r.result(cause)
	r.Seconds = time.Since(r.Started).Seconds()
}

// checked records what came of a check, and what that makes of its resource.
func (r *Report) checked(w *watch) {
	c := CheckReport{Check: w.step.id.Name, Before: w.passed, After: w.err == nil, Outage: w.outage.report(w.interval())}
	switch {
	case c.Before && c.After:
		c.Verdict = CheckPassed
	case c.After:
		c.Verdict = CheckRecovered
	case c.Before:
		c.Verdict = CheckFailed
	default:
		c.Verdict = CheckUnproven
	}
	w.step.unproven = c.Verdict == CheckUnproven
	if w.err != nil {
		c.Error = r.conceal(w.err.Error())
		w.step.plan.Notes = []string{c.Error}
	}
	r.Checks = slices.DeleteFunc(r.Checks, func(other CheckReport) bool { return other.Check == c.Check })
	r.Checks = append(r.Checks, c)
}

func (r *Report) resource(s *step) ResourceReport {
	report := ResourceReport{
		ID: s.id.String(), Type: s.id.Type, Outcome: outcome(s), Cause: s.cause, Made: len(s.made), Seconds: s.took.Seconds(),
	}
	if s.pos.File != "" { // what is taken back stands in no manifest
		report.Position = s.pos.String()
	}
	if s.err != nil {
		report.Error = r.conceal(strings.TrimPrefix(s.err.Error(), s.id.Name+": "))
	}
	if s.because != nil {
		report.Because = s.because.id.String()
	}
	for _, note := range s.plan.Notes {
		report.Notes = append(report.Notes, r.conceal(note))
	}
	for _, text := range s.plan.Differs {
		report.Differs = append(report.Differs, r.conceal(text))
	}
	if s.state != made {
		report.Stale = s.plan.Stale
	}
	changes := s.plan.Changes
	if s.left != nil {
		changes, report.Made = s.left, 0
	}
	for _, c := range changes {
		report.Changes = append(report.Changes, ChangeReport{Line: r.conceal(c.Line()), Diff: r.conceal(unified(c.Diff()))})
	}
	return report
}

func outcome(s *step) Outcome {
	switch {
	case s.reverted && s.state == made:
		return OutcomeReverted
	case s.unproven && s.state == planned:
		return OutcomeUnproven
	}
	switch s.state {
	case made:
		return OutcomeChanged
	case failed:
		return OutcomeFailed
	case refused:
		return OutcomeRefused
	case skipped:
		return OutcomeSkipped
	}
	switch {
	case s.state == pending && len(s.plan.Changes) == 0:
		return OutcomeUnseen
	case len(s.plan.Changes)+len(s.plan.Differs) == 0:
		return OutcomeOK
	case s.audit || len(s.plan.Changes) == 0:
		return OutcomeAudited
	case s.fought:
		return OutcomeFighting
	}
	return OutcomeDiffers
}

func (r *Report) result(cause error) Result {
	switch {
	case r.Rollback != nil && (r.Mode != ModeRollback || r.Rollback.Failed):
		return r.Rollback.result()
	case r.Recovered != nil && (r.Recovered.Failed || r.Held != nil):
		return r.Recovered.result()
	case r.Held != nil:
		return Held
	case cause != nil || r.Refused || r.Count(OutcomeFailed)+r.Count(OutcomeRefused)+r.Count(OutcomeSkipped) > 0:
		return Failed
	case r.Mode == ModePlan && r.Count(OutcomeDiffers)+r.Count(OutcomeAudited)+r.Count(OutcomeFighting) > 0:
		return Differs
	case r.Count(OutcomeDiffers) > 0:
		return Failed
	case r.Count(OutcomeFighting) > 0:
		return Differs
	case r.Count(OutcomeChanged) > 0:
		return Changed
	}
	return Converged
}
