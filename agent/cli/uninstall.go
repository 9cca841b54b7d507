package cli

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/service"
	"github.com/makenotwork/mnw-agent/manifests"
)

func (a *app) uninstallCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Take away what install has set up",
		Long: `Uninstall stops the timer or service that install has set up, and removes its units
with their drop-ins. Like install it is an ordinary run: --plan shows what it would
change and exits with 2, and rollback takes it back.

The state directory stays, with the journal and the way back of every run in it. So
does all that the manifest has made.`,
		Example: "  mnw-agent uninstall --plan\n  mnw-agent uninstall",
		Args:    cobra.NoArgs,
	}
	in := &installation{app: a, flag: cmd.Flags().Changed}
	a.nodeFlags(cmd)
	a.keepFlag(cmd)
	in.unitFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := in.checkUnitFlags(); err != nil {
			return usageError{err}
		}
		o, err := in.options(cmd)
		if err != nil {
			return err
		}
		o.Forget = true
		at := in.at(o)
		m, err := service.Absent(in.name, at)
		if err != nil {
			return err
		}
		return in.converge(cmd.Context(), m, o, func(*agent.Report) string {
			return filepath.Dir(at) + " stays, with the journal of all runs in it"
		})
	}
	return cmd
}

// options are the engine's options, as far as this process may have its way.
func (in *installation) options(cmd *cobra.Command) (agent.Options, error) {
	o, err := in.app.options()
	o.Wait = in.wait
	if err == nil && !in.plan {
		err = needRoot(cmd, o, "an image")
	}
	return o, err
}

// converge plans or applies what the units are declared as. It was asked for by hand:
// neither what was taken back before nor who else has changed the units keeps it from that.
func (in *installation) converge(ctx context.Context, m *manifests.Manifest, o agent.Options, remark func(*agent.Report) string) error {
	do := agent.Apply
	if in.plan {
		do = agent.Plan
	}
	o.RetryHeld, o.Enforce = true, true
	report, err := do(ctx, m, o)
	if report != nil {
		if text := remark(report); text != "" {
			report.Notes = append(report.Notes, text)
		}
	}
	return in.tell(report, err, look{diffs: in.plan || in.diffs, applied: !in.plan, byHand: true})
}
