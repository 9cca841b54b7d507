package cli

import (
	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
)

const rollbackAbout = `Rollback brings back what a run has changed, and nothing else: files with their
owners and modes, links, users, crontabs; units that the run had acted on are
acted on again. Without a number it takes back the newest apply that is not taken
back yet.

Where the node has moved on since, it is refused, with the reason, and nothing is
changed; --force sets back what can be. Files that others have put into a new
directory stay, and so does the directory. The way back is in the journal, too, and
can itself be taken back by its number.

The manifest is held afterwards, or a timer would soon apply it again: it is not
applied until it changes, or until apply --retry-held.

Exit status 0 when the node is as it was, 1 when it is refused, 4 when it could
not be brought to its end; what is left to do by hand is then said.`

func (a *app) rollbackCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rollback [RUN]",
		Short:   "Take back what an earlier run has changed",
		Long:    rollbackAbout,
		Example: "  mnw-agent history\n  mnw-agent rollback\n  mnw-agent rollback 12",
		Args:    cobra.MaximumNArgs(1),
	}
	a.runFlags(cmd)
	force := cmd.Flags().Bool("force", false, "also where the node has moved on since")
	diffs := cmd.Flags().Bool("diff", false, "show the changes as unified diffs, too")
	a.keepFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		undo := agent.Undo{Force: *force}
		if len(args) > 0 {
			var err error
			if undo.Run, err = runNumber(args[0]); err != nil {
				return err
			}
		}
		o, err := a.options()
		if err != nil {
			return err
		}
		if err := needRoot(cmd, o, "a sandbox"); err != nil {
			return err
		}
		report, err := a.measure(o, agent.ModeRollback, "", func(o agent.Options) (*agent.Report, error) {
			return agent.Rollback(cmd.Context(), undo, o)
		})
		return a.tell(report, err, look{diffs: *diffs, applied: true})
	}
	return cmd
}
