package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
)

func (a *app) historyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history [RUN]",
		Short: "Tell what earlier runs have changed",
		Long: `History lists the runs that have changed this node, the newest first. With the
number of a run it tells what that run has changed, with differences; secrets do
not show. The journal keeps the last 50 runs, or as many as apply --keep says, and
the older ones that apply --prune needs.`,
		Example: "  mnw-agent history\n  mnw-agent history 12",
		Args:    cobra.MaximumNArgs(1),
	}
	a.nodeFlags(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o, err := a.options()
		if err != nil {
			return err
		}
		if len(args) == 0 {
			return a.history(o)
		}
		number, err := runNumber(args[0])
		if err != nil {
			return err
		}
		return a.historyOf(number, o)
	}
	return cmd
}

func (a *app) history(o agent.Options) error {
	runs, err := agent.History(o)
	if err != nil {
		return err
	}
	if a.flags.json {
		a.printJSON(map[string]any{"version": 1, "runs": runs})
		return nil
	}
	a.printLines(historyLines(runs))
	return nil
}

func (a *app) historyOf(number int, o agent.Options) error {
	run, changes, err := agent.HistoryOf(number, o)
	if err != nil {
		return err
	}
	if a.flags.json {
		a.printJSON(map[string]any{"version": 1, "run": run, "changes": changes})
		return nil
	}
	a.printLines(pastRunLines(run, changes))
	return nil
}

// runNumber is the number of a run as an argument names it.
func runNumber(arg string) (int, error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return 0, usageError{fmt.Errorf("%q is not the number of a run: see mnw-agent history", arg)}
	}
	return n, nil
}
