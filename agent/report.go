package agent

import "time"

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
	Name    string  `json:"name"` // plan, judge, commit, prove
	Seconds float64 `json:"seconds"`
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

// The verdicts of judges.
const (
	VerdictAgrees    = "agrees"
	VerdictRefuses   = "refuses"
	VerdictMissing   = "missing"    // the judge is not installed
	VerdictNotJudged = "not judged" // it could not be asked here
)

// A JudgeReport is one judge's ruling.
type JudgeReport struct {
	Argv    []string `json:"argv"`
	For     []string `json:"for"` // the ids of the resources that asked
	Verdict string   `json:"verdict"`
	Words   string   `json:"words,omitempty"`
	Seconds float64  `json:"seconds"`
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
