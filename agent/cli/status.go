package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
)

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell what is known of this node since the last run",
		Long: `Status tells how the last run ended, and what is known of each resource since: as
declared, drifted and since when, failed, fought for (drift that was corrected
again and again), or orphaned (it has left its manifest). It needs no manifest and
does not look at the node: plan does.

  converged  it is as declared
  drifted    it was as declared, and the node has moved
  pending    it differs, and has not been as it is declared now
  failed     it failed, was refused or skipped, or a check does not pass
  fighting   somebody changes it again and again: it is not corrected any more
  orphaned   it has left its manifest, and is still on the node
  unknown    it was not looked at yet`,
		Example: "  mnw-agent status\n  mnw-agent status --json",
		Args:    cobra.NoArgs,
	}
	a.nodeFlags(cmd)
	brief := cmd.Flags().BoolP("brief", "b", false, "leave out the resources that are as declared")
	cmd.RunE = func(*cobra.Command, []string) error {
		o, err := a.options()
		if err != nil {
			return err
		}
		status, err := agent.StatusOf(o)
		if err != nil {
			return err
		}
		if a.flags.json {
			a.printJSON(status)
		} else {
			a.printLines(statusLines(status, *brief, time.Now()))
		}
		return nil
	}
	return cmd
}
