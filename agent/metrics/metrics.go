// Package metrics tells Prometheus what is known of a node.
//
// Everything is made from an agent.Status and a Build, in one registry that is
// filled anew each time: a run writes it to a file for node_exporter (WriteFile),
// serve answers with it over HTTP (Handler), and both say the same, byte for byte.
// No number is kept here, so counters live as long as the state directory.
//
// The families are the table in families.go. How many series there are is bounded
// by the manifests that the node is made of:
//
//	family, after mnw_agent_                  series                 bounded by
//	build_info                                1
//	manifest_info                             1 a manifest           the manifests of the node
//	held                                      1
//	last_run_timestamp_seconds                1 a mode               2 modes
//	last_success_timestamp_seconds            1 a mode, or none yet  2 modes
//	last_run_duration_seconds                 8 a mode               2 modes, 8 phases
//	last_run_result                           6 a mode               2 modes, 6 results
//	resources                                 98                     14 types, 7 states
//	resource_drifted                          1 a resource           the manifests
//	resource_drift_since_timestamp_seconds    1 a drifted resource   the manifests
//	unit_stale                                5 a unit               the manifests, 5 causes
//	check_success                             1 a check              the manifests
//	last_outage_seconds                       1
//	run_in_progress                           1
//	runs_total                                16                     2 modes, 6 results, held and locked out
//	changes_total                             28                     14 types, 2 causes
//	rollbacks_total                           2                      2 outcomes
//
// That is at most 180, and 1 a manifest, 2 a resource, 5 a unit and 1 a check. What
// is not known has no series: 0 is a number like any other. So a status without any
// counters, of a state directory that cannot be read, is told without what it would
// be zeros of.
//
// No sample has a time stamp of its own: node_exporter refuses a file with one, and
// Prometheus would not see that a node has fallen silent; when something happened is
// the value of a gauge. No label holds free text, such as an error or what
// a judge has said: it would make new series for ever, and could hold a secret.
// Names of resources are in the manifest, and `mnw-agent status` tells the rest.
// Which node it is, Prometheus knows from where it has asked. And there is nothing
// about the process (go_*, process_*): in a file it would be that of a process
// which is gone.
package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/makenotwork/mnw-agent/agent"
)

// A Build is which program it is.
type Build struct {
	Version   string
	Revision  string // that it was built from
	GoVersion string
}

// Registry is what is known of a node, for Prometheus.
func Registry(s *agent.Status, build Build) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(Collector(s, build))
	return registry
}

// Collector collects the families of a status.
func Collector(s *agent.Status, build Build) prometheus.Collector {
	return collector{source{Status: s, build: build}}
}

// A source is what the families are filled from.
type source struct {
	*agent.Status
	build Build
}

type collector struct{ source }

// Describe is part of prometheus.Collector.
func (c collector) Describe(descs chan<- *prometheus.Desc) {
	for _, f := range families {
		descs <- f.desc()
	}
}

// Collect is part of prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	for _, f := range families {
		for _, s := range f.series(c.source) {
			metrics <- prometheus.MustNewConstMetric(f.desc(), f.kind, s.value, s.labels...)
		}
	}
}

// A family is one metric: its name after the prefix, what it is, and where its
// series come from. Two series with the same labels would cost all of the metrics:
// the worse one stands, so that of two checks with one name it is the failing one.
type family struct {
	name   string
	kind   prometheus.ValueType
	labels []string
	help   string
	fill   func(source, put)
	worse  func(a, b float64) float64
}

// A put adds a series to a family.
type put func(value float64, labels ...string)

// One series of a family.
type series struct {
	value  float64
	labels []string
}

func (f family) desc() *prometheus.Desc {
	return prometheus.NewDesc("mnw_agent_"+f.name, f.help, f.labels, nil)
}

// series is the series of a family.
func (f family) series(s source) []series {
	var all []series
	at := map[string]int{}
	f.fill(s, func(value float64, labels ...string) {
		labels = valid(labels)
		key := strings.Join(labels, "\xff")
		if i, ok := at[key]; ok {
			all[i].value = f.worse(all[i].value, value)
			return
		}
		at[key] = len(all)
		all = append(all, series{value, labels})
	})
	return all
}

// valid makes labels of what need not be UTF-8, as the path of a manifest.
func valid(labels []string) []string {
	labels = slices.Clone(labels)
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
	}
	return labels
}
