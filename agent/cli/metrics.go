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
		"`file` for Prometheus, in the directory of node_exporter's textfile collector; one for all manifests of a node")
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
	o.Remember = true
	a.writeMetrics(o, func(s *agent.Status) { s.InProgress = true })
	began := time.Now()
	report, err := run(o)
	lost := missed(report, err, o, mode, manifest)
	a.writeMetrics(o, func(s *agent.Status) {
		switch {
		case report != nil && err != nil:
			failed(s, unkept(report))
		case lost != nil && !errors.Is(err, agent.ErrLocked):
			failed(s, agent.RunStatus{Mode: mode, Manifest: manifest, Started: began, Ended: time.Now(), Result: agent.Failed})
		}
	})
	if lost != nil && lost.Error() != err.Error() && a.metricsError == "" {
		a.unmeasured(fmt.Errorf("this run is not remembered: %w", lost))
	}
	return report, err
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
