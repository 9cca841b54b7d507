package agent

import (
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Status is what is known of a node between runs. What `mnw-agent status`
// prints, what the metrics say and what the page of serve shows are all made from
// it.
type Status struct {
	Version    int              `json:"version"` // of this document: 1
	InProgress bool             `json:"in_progress"`
	Manifests  []ManifestStatus `json:"manifests"` // that runs were made of on this node, by path
	Runs       []RunStatus      `json:"runs"`      // the last one of each mode
	Resources  []ResourceStatus `json:"resources"` // by id
	Units      []UnitStatus     `json:"units"`     // the runs of units, by name
	Checks     []CheckStatus    `json:"checks"`    // by name
	Outage     *LastOutage      `json:"outage,omitempty"`
	Counters   Counters         `json:"counters"`
	Notes      []string         `json:"notes"` // on what cannot be told
}

// A ManifestStatus is one manifest that runs were made of.
type ManifestStatus struct {
	Path      string    `json:"path"`
	Digest    string    `json:"digest"`    // as of its last run
	Ran       time.Time `json:"ran"`       // its last run
	Resources int       `json:"resources"` // how many of those below are its own
	Held      *Hold     `json:"held,omitempty"`
}

// A RunStatus is the last run of a mode.
type RunStatus struct {
	Mode     Mode       `json:"mode"`
	Manifest string     `json:"manifest"`
	Started  time.Time  `json:"started"`
	Ended    time.Time  `json:"ended"`
	Seconds  float64    `json:"seconds"`
	Phases   []Phase    `json:"phases"`
	Result   Result     `json:"result"`
	Error    string     `json:"error,omitempty"`   // why it could not begin
	Success  *time.Time `json:"success,omitempty"` // the end of the last one that did not fail
}

// A ResourceState is what is known of a resource after its last run.
type ResourceState string

// The states of resources.
const (
	StateConverged ResourceState = "converged" // it is as declared
	StateDrifted   ResourceState = "drifted"   // it was as declared, and the node has moved
	StatePending   ResourceState = "pending"   // it differs, and has not been as it is declared now
	StateFailed    ResourceState = "failed"    // it failed, was refused or skipped, or a check does not pass
	StateFighting  ResourceState = "fighting"  // somebody changes it again and again: it is not corrected any more
	StateOrphaned  ResourceState = "orphaned"  // it has left its manifest, and is still on the node
	StateUnknown   ResourceState = "unknown"   // it was not looked at yet
)

// ResourceStates is all of them.
var ResourceStates = []ResourceState{StateConverged, StateDrifted, StatePending, StateFailed, StateFighting, StateOrphaned, StateUnknown}

// A Cause is why a resource differs.
type Cause string

// The causes.
const (
	Drift    Cause = "drift"    // it was converged as it is declared: the node has moved
	Intended Cause = "intended" // its declaration is new
)

// A ResourceStatus is what is known of one resource.
type ResourceStatus struct {
	ID       string        `json:"id"`
	Type     string        `json:"type"`
	Name     string        `json:"name"`
	Manifest string        `json:"manifest"` // whose it is
	State    ResourceState `json:"state"`
	Drifted  bool          `json:"drifted"`         // it differs, because of drift
	Since    *time.Time    `json:"since,omitempty"` // of the drift; where there is none, of the state, if that is no good one
	// Corrected is when drift of it was corrected of late, the earliest first.
	Corrected []time.Time `json:"corrected,omitempty"`
	Why       string      `json:"why,omitempty"` // what differs, or what failed
}

// A UnitStatus is the run of a unit.
type UnitStatus struct {
	Unit     string       `json:"unit"`
	Manifest string       `json:"manifest"`
	Stale    []node.Stale `json:"stale"` // in which ways it runs with an older configuration than the one on disk
}

// A CheckStatus is what came of a check the last time that it was asked.
type CheckStatus struct {
	Check    string     `json:"check"`
	Manifest string     `json:"manifest"`
	Asked    time.Time  `json:"asked"`
	Success  bool       `json:"success"`
	Since    *time.Time `json:"since,omitempty"` // it has failed since
	Error    string     `json:"error,omitempty"`
}

// A LastOutage is the longest outage of a check in the last run that had one.
type LastOutage struct {
	Check   string    `json:"check"`
	Seconds float64   `json:"seconds"`
	At      time.Time `json:"at"` // when that run ended
}

// A RollbackOutcome is how a roll-back ended.
type RollbackOutcome string

// The outcomes of roll-backs.
const (
	RollbackSucceeded  RollbackOutcome = "succeeded"
	RollbackIncomplete RollbackOutcome = "failed"
)

// Counters count since the state directory was made.
type Counters struct {
	Runs      map[Mode]map[Result]int  `json:"runs"`      // that came to an end, or could not begin
	Changes   map[string]map[Cause]int `json:"changes"`   // that were made and not taken back, by type
	Rollbacks map[RollbackOutcome]int  `json:"rollbacks"` // by themselves and by hand
}
