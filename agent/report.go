package agent

import (
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Mode is what a run is for.
type Mode string

// The modes.
const (
	ModePlan     Mode = "plan"
	ModeApply    Mode = "apply"
	ModeRollback Mode = "rollback"
)

// A Result is how a run ended.
type Result string

// The results.
const (
	Converged      Result = "converged"       // the node matched the manifest
	Changed        Result = "changed"         // it had to be changed, and matches now
	Differs        Result = "differs"         // it does not match, and nothing more was to be done about it: a plan, or drift that somebody fights for
	Failed         Result = "failed"          // it could not be made to match, or a judge refuses
	RolledBack     Result = "rolled_back"     // a gate failed, and the node is as it was before
	RollbackFailed Result = "rollback_failed" // it is not: see the roll-back for what to do
	Held           Result = "held"            // nothing was done: the manifest is held since a roll-back
	Locked         Result = "locked"          // nothing was done: another run held the lock. No report says so, only a status
)

// An Outcome is how a run ended for one resource.
type Outcome string

// The outcomes.
const (
	OutcomeOK       Outcome = "ok"       // it is as declared
	OutcomeDiffers  Outcome = "differs"  // it is not, and nothing was done about it in this run
	OutcomeChanged  Outcome = "changed"  // it is now
	OutcomeAudited  Outcome = "audited"  // it is not, and the manifest wants no more than to know, or no change would mend it
	OutcomeFighting Outcome = "fighting" // it is not, and is left to whoever changes it again and again
	OutcomeFailed   Outcome = "failed"
	OutcomeRefused  Outcome = "refused"  // a judge, or a condition on the future, stopped the run
	OutcomeSkipped  Outcome = "skipped"  // because another resource failed
	OutcomeReverted Outcome = "reverted" // it was changed, and the change was taken back
	OutcomeUnproven Outcome = "unproven" // a check that failed before the run, and after it
	OutcomeUnseen   Outcome = "unseen"   // it was not looked at: the manifest is held, or the run was stopped
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
	Checks    []CheckReport    `json:"checks"`
	Windows   []WindowReport   `json:"windows,omitempty"`   // for how long units were stopped for changes
	Run       int              `json:"run,omitempty"`       // its number in the journal, if it changed anything
	Rollback  *RollbackReport  `json:"rollback,omitempty"`  // the way back, when a gate failed
	Recovered *RollbackReport  `json:"recovered,omitempty"` // a way back of an earlier run, cut short, that was brought to its end
	Held      *Hold            `json:"held,omitempty"`      // why nothing was done
	Orphans   []string         `json:"orphans,omitempty"`   // ids of resources that have left the manifest, and are still on the node
	Notes     []string         `json:"notes"`               // on the run as a whole

	conceal func(string) string
}

// A Phase is a part of a run and how long it took.
type Phase struct {
	Name    string  `json:"name"` // plan, judge, check, commit, gate, rollback, prove
	Seconds float64 `json:"seconds"`
}

// A ResourceReport is what a run saw of one resource and did with it.
type ResourceReport struct {
	ID       string         `json:"id"`
	Type     string         `json:"type"`
	Position string         `json:"position"` // file:line:column in the manifest
	Outcome  Outcome        `json:"outcome"`
	Cause    Cause          `json:"cause,omitempty"`   // why it differs, or did, as far as that is known
	Changes  []ChangeReport `json:"changes,omitempty"` // planned, or with outcome changed, made
	Made     int            `json:"made,omitempty"`    // how many of the changes were made
	Differs  []string       `json:"differs,omitempty"` // what is not as declared, and no change mends
	Error    string         `json:"error,omitempty"`
	Because  string         `json:"because,omitempty"` // skipped: the id of the resource that failed
	Notes    []string       `json:"notes,omitempty"`
	Stale    []node.Stale   `json:"stale,omitempty"` // run of a unit: in which ways it goes on with an older configuration
	Seconds  float64        `json:"seconds"`         // spent planning it
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

// The verdicts of checks.
const (
	CheckPassed    = "passed"    // before and after
	CheckRecovered = "recovered" // it failed before, and passes now
	CheckFailed    = "failed"    // it passed before, and fails now
	CheckUnproven  = "unproven"  // it failed before, and fails now
)

// A CheckReport is what came of one check.
type CheckReport struct {
	Check   string        `json:"check"`  // its name
	Before  bool          `json:"before"` // it passed before the first change
	After   bool          `json:"after"`  // it passed after the last, of a roll-back if there was one
	Verdict string        `json:"verdict"`
	Error   string        `json:"error,omitempty"`  // why it does not pass
	Outage  *OutageReport `json:"outage,omitempty"` // while the run was under way
}

// An OutageReport is how long a check was failing during a run.
type OutageReport struct {
	Seconds   float64    `json:"seconds"`              // from the last good answer before to the first good one after, over all failures
	LastGood  time.Time  `json:"last_good"`            // before the first failure
	FirstGood *time.Time `json:"first_good,omitempty"` // after the last failure; absent: it was failing to the end
	Interval  float64    `json:"interval"`             // of the samples, in seconds
}

// A RollbackReport is how a run was taken back.
type RollbackReport struct {
	Of        int              `json:"of"`            // the run that was taken back
	Run       int              `json:"run,omitempty"` // the number of the way back in the journal
	Because   string           `json:"because,omitempty"`
	Failed    bool             `json:"failed"`
	Errors    []string         `json:"errors,omitempty"`  // beyond those of resources
	Resources []ResourceReport `json:"resources"`         // what was undone, in that order
	ByHand    []string         `json:"by_hand,omitempty"` // commands that do what failed
}

func (r *RollbackReport) fail(why string) {
	r.Failed = true
	r.Errors = append(r.Errors, why)
}

// left says whether some change of a resource could not be undone.
func (r *RollbackReport) left(id resources.ID) bool {
	return slices.ContainsFunc(r.Resources, func(one ResourceReport) bool {
		return one.ID == id.String() && one.Outcome == OutcomeFailed
	})
}

func (r *RollbackReport) result() Result {
	if r.Failed {
		return RollbackFailed
	}
	return RolledBack
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
