package cli

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

func (a *app) applyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply MANIFEST",
		Short: "Make the node match the manifest",
		Long: `Apply makes the node match the manifest. It plans everything first and lets the
judges rule on the result; one refusal, and nothing is changed. A resource that
fails does not stop those that do not depend on it. In the end it plans again,
and what is still to be done is an error.

Interrupted (SIGINT, SIGTERM), it finishes the change in hand and stops; the
next apply goes on from there.`,
		Example: "  mnw-agent apply manifest.yaml\n  mnw-agent apply --detailed-exitcode --json manifest.yaml",
		Args:    oneManifest,
	}
	a.runFlags(cmd)
	diffs := cmd.Flags().Bool("diff", false, "show the changes as unified diffs, too")
	verbose := cmd.Flags().BoolP("verbose", "v", false, "name the resources that are as declared, too")
	detailed := cmd.Flags().Bool("detailed-exitcode", false, "exit with 2 when something was changed")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.run(cmd, args[0], agent.Apply, look{diffs: *diffs, all: *verbose, applied: true}, func(r *agent.Report) int {
			if *detailed && r.Result == agent.Changed {
				return exitDiffers
			}
			return exitOK
		})
	}
	return cmd
}

// run walks over the node with a manifest and prints the report.
func (a *app) run(cmd *cobra.Command, path string, walk func(context.Context, *manifests.Manifest, agent.Options) (*agent.Report, error),
	l look, status func(*agent.Report) int) error {
	o, err := a.options()
	if err != nil {
		return err
	}
	if o.Root == "/" && os.Geteuid() != 0 && cmd.Name() == "apply" {
		return errors.New("apply changes this system and needs root: use sudo, or --root DIRECTORY for a sandbox")
	}
	m, err := a.load(path)
	if err != nil {
		return err
	}
	report, err := walk(cmd.Context(), m, o)
	if err != nil {
		return err
	}
	a.status = status(report)
	if report.Result == agent.Failed {
		a.status = exitFailed
	}
	if a.flags.json {
		a.printJSON(report)
	} else {
		a.printReport(report, l)
	}
	return nil
}
