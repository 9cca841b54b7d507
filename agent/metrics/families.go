package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// families is all that Prometheus is told. Names, labels and texts are promises:
// rules and dashboards are made of them, and node_exporter wants one text for a name
// on a node.
var families = []family{
	{"build_info", gauge, []string{"version", "revision", "goversion"},
		"The agent that has written this; always 1.", source.buildInfo, math.Max},
	{"manifest_info", gauge, []string{"manifest", "digest"},
		"A manifest that this node is made of, and the SHA-256 of it and all that it takes in, as of its last run; always 1.", source.manifestInfo, math.Max},
	{"last_run_timestamp_seconds", gauge, []string{"mode"},
		"When the last run of a mode ended, whatever its result, in seconds since 1970.", source.lastRun, math.Max},
	{"last_success_timestamp_seconds", gauge, []string{"mode"},
		"When a run of a mode last ended well, in seconds since 1970: the node matched or was made to match, or was planned; absent when none has yet.", source.lastSuccess, math.Max},
	{"last_run_duration_seconds", gauge, []string{"mode", "phase"},
		"How long a phase of the last run took, in seconds; the phases add up to the run, and other is what lies between them.", source.durations, math.Max},
	{"last_run_result", gauge, []string{"mode", "result"},
		"Whether the last run of a mode ended with a result: 1 for one result, 0 for the others; drifted is that the node differs and was left so.", source.result, math.Max},
	{"resources", gauge, []string{"type", "state"},
		"How many resources of a type are in a state.", source.resources, math.Max},
	{"resource_drifted", gauge, []string{"type", "resource"},
		"Whether a resource differs although it was as declared before: 1 if the node has moved, 0 if not.", source.drifted, math.Max},
	{"resource_drift_since_timestamp_seconds", gauge, []string{"type", "resource"},
		"When a resource was first seen to have drifted, in seconds since 1970; absent when it has not.", source.driftSince, math.Min},
	{"unit_stale", gauge, []string{"unit", "cause"},
		"Whether a unit runs with an older configuration than the one on disk, by what is newer: 1 if so, 0 if not.", source.stale, math.Max},
	{"check_success", gauge, []string{"check"},
		"Whether a check passed when it was last asked: 1 if it did, 0 if not.", source.checks, math.Min},
	{"last_outage_seconds", gauge, nil,
		"How long the longest outage of a check was in the last run that had one, in seconds; 0 if none had.", source.outage, math.Max},
	{"run_in_progress", gauge, nil,
		"Whether a run was under way when this was written: 1 if so, 0 if not.", source.inProgress, math.Max},
	{"runs_total", counter, []string{"mode", "result"},
		"Runs that came to an end or could not begin, by result, since the state directory was made; locked is that another run was under way.", source.runs, math.Max},
	{"changes_total", counter, []string{"type", "cause"},
		"Changes that were made and not taken back: by drift when the node had moved, intended when the manifest was new.", source.changes, math.Max},
	{"rollbacks_total", counter, []string{"outcome"},
		"Runs that were taken back, by themselves or by hand, and how that ended.", source.rollbacks, math.Max},
}
