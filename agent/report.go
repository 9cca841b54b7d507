package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Mode is what a run is for.
type Mode string

// The modes.
const (
	ModePlan  Mode = "plan"
	ModeApply Mode = "apply"
)

// A Result is how a run ended.
type Result string

// The results.
const (
	Converged Result = "converged" // the node matched the manifest
	Changed   Result = "changed"   // it had to be changed, and matches now
	Differs   Result = "differs"   // plan only: it does not match
	Failed    Result = "failed"    // it could not be made to match, or a judge refuses
)

// An Outcome is how a run ended for one resource.
type Outcome string

// The outcomes.
const (
	OutcomeOK      Outcome = "ok"      // it is as declared
	OutcomeDiffers Outcome = "differs" // it is not, and nothing was done about it in this run
	OutcomeChanged Outcome = "changed" // it is now
	OutcomeAudited Outcome = "audited" // it is not, and the manifest wants no more than to know
	OutcomeFailed  Outcome = "failed"
	OutcomeRefused Outcome = "refused" // a judge, or a condition on the future, stopped the run
	OutcomeSkipped Outcome = "skipped" // because another resource failed
)

// A Report is what a run saw, did and said. Secrets do not show in it.
type Report struct {
	Version   int              `json:"version"` // of this document: 1
	Mode      Mode             `json:"mode"`
	Manifest  string           `json:"manifest"` // its path
	Digest    string           `json:"digest"`   // SHA-256 of the manifest and all that it takes in
	Started   time.Time        `json:"started"`
	Seconds   float64          `json:"seconds"` // how long the run took
	Phases    []Phase          `json:"phases"`
	Result    Result           `json:"result"`
	Refused   bool             `json:"refused"` // stopped before the next write
	Stopped   bool             `json:"stopped"` // ended by a signal, or because it took too long
	Resources []ResourceReport `json:"resources"`
	Judges    []JudgeReport    `json:"judges"`
	Notes     []string         `json:"notes"` // on the run as a whole

	conceal func(string) string
}

// A Phase is a part of a run and how long it took.
type Phase struct {
	Name string        `json:"name"` // plan, judge, commit, prove
	Took time.Duration `json:"nanoseconds"`
}

// A ResourceReport is what a run saw of one resource and did with it.
type ResourceReport struct {
	ID       string         `json:"id"`
	Type     string         `json:"type"`
	Position string         `json:"position"` // file:line:column in the manifest
	Outcome  Outcome        `json:"outcome"`
	Changes  []ChangeReport `json:"changes,omitempty"` // planned, or with outcome changed, made
	Made     int            `json:"made,omitempty"`    // how many of the changes were made
	Error    string         `json:"error,omitempty"`
	Because  string         `json:"because,omitempty"` // skipped: the id of the resource that failed
	Notes    []string       `json:"notes,omitempty"`
	Seconds  float64        `json:"seconds"` // spent planning it
}

// A ChangeReport is one change as it may be shown.
type ChangeReport struct {
	Line string `json:"line"`
	Diff string `json:"diff,omitempty"` // unified
}

// A JudgeReport is one judge's ruling.
type JudgeReport struct {
	Argv    []string `json:"argv"`
	For     []string `json:"for"`     // the ids of the resources that asked
	Verdict string   `json:"verdict"` // agrees, refuses, missing, not judged
	Words   string   `json:"words,omitempty"`
	Seconds float64  `json:"seconds"`
}

func newReport(mode Mode, m *manifests.Manifest, began time.Time) *Report {
	return &Report{
		Version: 1, Mode: mode, Manifest: m.Path, Digest: m.Digest, Started: began,
		Resources: []ResourceReport{}, Judges: []JudgeReport{}, Notes: []string{},
		conceal: concealer(m),
	}
}

// concealer takes the secrets that a manifest declares out of a text.
func concealer(m *manifests.Manifest) func(string) string {
	const short = 4 // what is shorter stands in texts by chance
	var secrets []string
	for i := range m.Entries {
		e := &m.Entries[i]
		if s, ok := e.Resource.(resources.Secretive); ok {
			for _, secret := range s.Conceals() {
				if len(secret) >= short {
					secrets = append(secrets, secret)
				}
			}
		}
	}
	if len(secrets) == 0 {
		return func(text string) string { return text }
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, "(hidden)")
	}
	return strings.NewReplacer(pairs...).Replace
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
	verdict := "agrees"
	switch {
	case v.Missing:
		verdict = "missing"
	case v.Refused:
		verdict = "refuses"
	}
	r.heard(v.Judge, verdict, askers, r.conceal(v.Words), v.Took)
}

// unjudged records that judges could not be asked.
func (r *Report) unjudged(hearings []hearing) {
	for _, h := range hearings {
		r.heard(h.judge, "not judged", []hearing{h}, "", 0)
	}
}

func (r *Report) heard(j node.Judge, verdict string, askers []hearing, words string, took time.Duration) {
	report := JudgeReport{Argv: append(slices.Clone(j.Argv), j.Named...), Verdict: verdict, Words: words, Seconds: took.Seconds()}
	for _, h := range askers {
		report.For = append(report.For, h.step.id.String())
	}
	r.Judges = append(r.Judges, report)
}

// finish completes the report when the run is over.
func (r *Report) finish(steps []*step, cause error) {
	r.Resources = make([]ResourceReport, 0, len(steps))
	for _, s := range steps {
		r.Resources = append(r.Resources, r.resource(s))
	}
	if cause != nil {
		r.Stopped = true
		r.note("the run was stopped: %s", cause)
	}
	r.Result = r.result(cause)
	r.Seconds = time.Since(r.Started).Seconds()
}

func (r *Report) resource(s *step) ResourceReport {
	report := ResourceReport{
		ID: s.id.String(), Type: s.id.Type, Position: s.pos.String(), Outcome: outcome(s),
		Made: len(s.made), Seconds: s.took.Seconds(),
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
	case len(s.plan.Changes) == 0:
		return OutcomeOK
	case s.audit:
		return OutcomeAudited
	}
	return OutcomeDiffers
}

// Count is how many resources ended with an outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for i := range r.Resources {
		if r.Resources[i].Outcome == o {
			n++
		}
	}
	return n
}

func (r *Report) result(cause error) Result {
	switch {
	case cause != nil || r.Refused || r.Count(OutcomeFailed)+r.Count(OutcomeRefused)+r.Count(OutcomeSkipped) > 0:
		return Failed
	case r.Mode == ModePlan && r.Count(OutcomeDiffers)+r.Count(OutcomeAudited) > 0:
		return Differs
	case r.Count(OutcomeDiffers) > 0:
		return Failed
	case r.Count(OutcomeChanged) > 0:
		return Changed
	}
	return Converged
}
