package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
)

const applyAbout = `Apply makes the node match the manifest. It plans everything first and lets the
judges rule on the result; one refusal, and nothing is changed. A resource that
fails does not stop those that do not depend on it. In the end it plans again,
and what is still to be done is an error.

The whole run is taken back, with exit status 3, when a check of the manifest
passed before and fails after, and when a unit does not come up or does not take
its new configuration; with --atomic, or atomic: true in the manifest, when
anything fails at all (what cannot be planned is then refused before anything is
changed). The manifest is then held: it is not applied again until it changes, or
with --retry-held.

What was as declared and has changed since is drift, and is corrected. When drift
of a resource is corrected again and again (three times in a day, unless the
manifest says otherwise under fighting), somebody else wants it otherwise: it is
then reported and left alone, with exit status 1, until the manifest changes or
--enforce.

A resource that leaves the manifest stays on the node and is reported as an
orphan. With --prune, what earlier runs have made of it is taken back, and nothing
else: what was there before comes back, and what somebody has changed since is an
error.

Interrupted (SIGINT, SIGTERM, SIGHUP, --timeout), it finishes the change in hand
and stops; with --atomic it goes back. The next apply of the same manifest goes on
from there. The same holds for a run that was killed.`

func (a *app) applyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "apply MANIFEST",
		Short:   "Make the node match the manifest",
		Long:    applyAbout,
		Example: "  mnw-agent apply manifest.yaml\n  mnw-agent apply --detailed-exitcode --json manifest.yaml",
		Args:    oneManifest,
	}
	a.runFlags(cmd)
	f := cmd.Flags()
	diffs := f.Bool("diff", false, "show the changes as unified diffs, too")
	verbose := f.BoolP("verbose", "v", false, "name the resources that are as declared, too")
	detailed := f.Bool("detailed-exitcode", false, "exit with 2 when something was changed")
	atomic := f.Bool("atomic", false, "take everything back when one resource fails")
	retry := f.Bool("retry-held", false, "apply a manifest that is held since it was taken back")
	enforce := f.Bool("enforce", false, "correct also what somebody changes again and again")
	prune := f.Bool("prune", false, "take back what was made of resources that have left the manifest")
	a.keepFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, err := a.options()
		if err != nil {
			return err
		}
		if err := needRoot(cmd, o, "a sandbox"); err != nil {
			return err
		}
		o.Atomic, o.RetryHeld, o.Enforce, o.Prune = *atomic, *retry, *enforce, *prune
		report, err := a.measure(o, agent.ModeApply, args[0], a.runOf(cmd.Context(), args[0], agent.Apply))
		if report != nil && *detailed && report.Result == agent.Changed {
			a.status = exitDiffers
		}
		return a.tell(report, err, look{diffs: *diffs, all: *verbose, applied: true})
	}
	return cmd
}

// tell prints the report of a run. One that could not begin has none.
func (a *app) tell(report *agent.Report, err error, l look) error {
	if report == nil {
		return err
	}
	if status, ok := statuses[report.Result]; ok {
		a.status = status
	}
	if report.Result == agent.Differs && report.Mode == agent.ModePlan {
		a.status = exitDiffers
	}
	if a.flags.json {
		a.printJSON(report)
	} else {
		a.printLines(reportLines(report, l))
	}
	if err != nil {
		a.printError(err)
		a.status = max(a.status, exitFailed)
	}
	if isService() {
		if err := toJournal(report); err != nil { // the run is none the worse for it
			a.printError(fmt.Errorf("systemd's journal: %w", err))
		}
	}
	return nil
}

// statuses are the exit statuses of runs; others end with 0.
var statuses = map[agent.Result]int{
	agent.Failed:         exitFailed,
	agent.Differs:        exitFailed, // of a plan it is no failure
	agent.RolledBack:     exitRolledBack,
	agent.Held:           exitRolledBack,
	agent.RollbackFailed: exitRollbackFailed,
}
