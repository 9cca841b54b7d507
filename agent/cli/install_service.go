package cli

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
	"github.com/makenotwork/mnw-agent/agent/service"
	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file makes of what was typed the service that is to be installed.

// service is what is to be installed, when manifest and program are fit for it.
func (in *installation) service(manifest string, o agent.Options) (service.Service, error) {
	s := service.Service{Name: in.name, Serve: in.serve, Every: in.every, Jitter: in.jitter, Timeout: in.timeout}
	if !in.flag("jitter") {
		s.Jitter = service.Usual(in.every)
	}
	m, err := in.load(manifest)
	if err == nil {
		err = agent.Check(m)
	}
	if err == nil {
		err = in.declaresNone(m)
	}
	if err != nil {
		return s, err
	}
	s.Argv, err = in.argv(manifest, o)
	return s, err
}

// declaresNone refuses a manifest that has a unit of the service in it: it would undo
// with every run what install does.
func (in *installation) declaresNone(m *manifests.Manifest) error {
	ours := []string{service.Timer(in.name), service.Oneshot(in.name), service.Serving(in.name)}
	for _, e := range m.Entries {
		owner, ok := e.Resource.(resources.Owner)
		if !ok {
			continue
		}
		for _, s := range owner.Owns() {
			if s.Kind == node.OfPath && path.Dir(s.Name) == "/etc/systemd/system" && slices.Contains(ours, path.Base(s.Name)) {
				return &manifests.Error{File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Column,
					Text: fmt.Sprintf("%s is what install sets up: leave it out (drop-ins do no harm), or choose another --name", e.ID)}
			}
		}
	}
	return nil
}

// argv is the command line of the service, with paths as the node has them.
func (in *installation) argv(manifest string, o agent.Options) ([]string, error) {
	p := places{root: o.Root}
	at := p.inside(manifest)
	argv := []string{p.program(), "apply", at}
	if in.serve {
		argv[1] = "serve"
		argv = append(argv, "--interval", service.Span(in.interval), "--listen", cmp.Or(in.listen, none))
	}
	argv = append(argv, "--timeout", service.Span(in.timeout), "--wait", service.Span(in.wait))
	if in.atomic {
		argv = append(argv, "--atomic")
	}
	if in.prune {
		argv = append(argv, "--prune")
	}
	if in.flag("keep") {
		argv = append(argv, "--keep", strconv.Itoa(o.Keep))
	}
	if o.StateDir != "" {
		argv = append(argv, "--state-dir", p.inside(o.StateDir))
	}
	if file := in.metrics(&p); file != "" {
		argv = append(argv, "--metrics-file", file)
	}
	return argv, p.err
}

// none is the value of a flag for having no such thing.
const none = "none"

const defaultMetricsFile = "/var/lib/prometheus/node-exporter/mnw-agent.prom"

// metrics is where the service writes its metrics, "" for nowhere. All services of a
// node have one file: each run writes what is known of the whole node.
func (in *installation) metrics(p *places) string {
	switch {
	case in.flag("metrics-file") && (in.metricsFile == "" || in.metricsFile == none):
		return ""
	case in.flag("metrics-file"):
		file := p.inside(in.metricsFile)
		if err := metrics.CheckPath(in.metricsFile); err != nil {
			p.fail(usageError{fmt.Errorf("--metrics-file %w", err)})
		}
		if dir := filepath.Dir(file); !p.hasDir(dir) {
			p.fail(fmt.Errorf("--metrics-file %s: there is no directory %s: make it, or name the one that node_exporter reads", in.metricsFile, dir))
		}
		return file
	case !in.serve && p.hasDir(filepath.Dir(defaultMetricsFile)):
		return defaultMetricsFile
	}
	return ""
}

// at is the path by which the units of a service are journalled.
func (in *installation) at(o agent.Options) string {
	dir := o.StateDir
	if dir == "" {
		dir = filepath.Join(o.Root, agent.DefaultStateDir)
	}
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return filepath.Join(dir, "install"+strings.TrimPrefix(in.name, service.DefaultName)+".yaml")
}
