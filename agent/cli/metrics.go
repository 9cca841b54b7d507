package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
	"github.com/makenotwork/mnw-agent/manifests"
)

// metricsFlag is the flag of the verbs that make a run.
func (a *app) metricsFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.flags.metricsFile, "metrics-file", "",
		"`file` for Prometheus, such as mnw-agent.prom in the directory of node_exporter's textfile collector; one for all manifests of a node")
}

// A makeRun makes a run; one that could not begin has no report.
type makeRun func(agent.Options) (*agent.Report, error)

// runOf is a run that the engine makes of the manifest at a path.
func (a *app) runOf(ctx context.Context, path string, engine func(context.Context, *manifests.Manifest, agent.Options) (*agent.Report, error)) makeRun {
	return func(o agent.Options) (*agent.Report, error) {
		m, err := a.load(path)
		if err != nil {
			return nil, err
		}
		return engine(ctx, m, o)
	}
}

// measure makes a run, and writes the metrics file when it begins and when it ends,
// in whatever way: a run that nobody hears of is worse than one that fails. That the
// file cannot be written keeps no run from being made.
func (a *app) measure(o agent.Options, mode agent.Mode, manifest string, run makeRun) (*agent.Report, error) {
	if a.flags.metricsFile == "" {
		return run(o)
	}
	if err := metrics.CheckPath(a.flags.metricsFile); err != nil {
		a.printError(fmt.Errorf("--metrics-file %w", err)) // another reader may
	}
	o.Remember = true
	a.writeMetrics(o, func(s *agent.Status) { s.InProgress = true })
	report, err := run(o)
	e := end{mode, manifest, report, err, missed(report, err, o, mode, manifest)}
	a.writeMetrics(o, e.complete)
	if e.forgotten != nil && e.forgotten.Error() != err.Error() && a.metricsError == "" {
		a.unmeasured(fmt.Errorf("this run is not remembered: %w", e.forgotten))
	}
	return report, err
}

// An end is what a run came to.
type end struct {
	mode      agent.Mode
	manifest  string
	report    *agent.Report // nil of one that could not begin
	err       error         // why it could not, or what went wrong besides
	forgotten error         // why one that could not begin is not remembered
}

// complete puts a run into a status that the state directory does not know of, or
// not as it ended.
func (e end) complete(s *agent.Status) {
	switch {
	case e.report != nil && e.err != nil:
		failed(s, unkept(e.report))
	case e.forgotten != nil && !errors.Is(e.err, agent.ErrLocked):
		now := time.Now()
		failed(s, agent.RunStatus{Mode: e.mode, Manifest: e.manifest, Started: now, Ended: now, Result: agent.Failed})
	}
}

// missed has a run remembered that could not begin, and returns why that cannot be.
// Roll-backs are counted when they are made.
func missed(report *agent.Report, err error, o agent.Options, mode agent.Mode, manifest string) error {
	if report != nil || mode == agent.ModeRollback {
		return nil
	}
	return agent.Missed(o, mode, manifest, err)
}

// unkept is a run that came to its end, and could not keep what it has to. That is a
// failure, if nothing is worse.
func unkept(r *agent.Report) agent.RunStatus {
	run := agent.RunStatus{Mode: r.Mode, Manifest: r.Manifest, Started: r.Started, Ended: time.Now(), Seconds: r.Seconds, Phases: r.Phases, Result: r.Result}
	if r.Result != agent.RolledBack && r.Result != agent.RollbackFailed && r.Result != agent.Held {
		run.Result = agent.Failed
	}
	return run
}

// failed puts a run into a status that the state directory does not know of.
func failed(s *agent.Status, run agent.RunStatus) {
	if last := s.Run(run.Mode); last != nil {
		run.Success = last.Success
		*last = run
		return
	}
	s.Runs = append(s.Runs, run)
}

// writeMetrics writes what is known of the node, as amended.
func (a *app) writeMetrics(o agent.Options, amend func(*agent.Status)) {
	s, err := agent.StatusOf(o)
	if err != nil {
		a.unmeasured(err)
		s = new(agent.Status)
	}
	amend(s)
	if err := metrics.WriteFile(a.flags.metricsFile, s, build()); err != nil {
		a.unmeasured(err)
	}
}

// unmeasured tells, once, what keeps the metrics from being written.
func (a *app) unmeasured(err error) {
	if a.metricsError != err.Error() {
		a.printError(err)
	}
	a.metricsError = err.Error()
}
