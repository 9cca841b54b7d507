package cli

import (
	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
)

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan MANIFEST",
		Short: "Say what apply would change, and whether the judges agree",
		Long: `Plan looks at the node and says what apply would change, as unified diffs, and
whether the judges agree; and it asks the checks, to say which of them fail now and
so would be no gate. It changes nothing, and needs root to see what only root may.

Exit status 0 when nothing differs, 2 when something does, 1 when a judge
refuses or a resource cannot be planned.`,
		Example: "  mnw-agent plan manifest.yaml\n  mnw-agent plan --root /srv/image manifest.yaml",
		Args:    oneManifest,
	}
	a.runFlags(cmd)
	f := cmd.Flags()
	f.Lookup("wait").Usage = "as of apply; a plan is made beside another run, and waits for none"
	verbose := f.BoolP("verbose", "v", false, "name the resources that are as declared, too")
	enforce := f.Bool("enforce", false, "as apply --enforce: correct also what somebody changes again and again")
	prune := f.Bool("prune", false, "as apply --prune: take back what was made of resources that have left the manifest")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, err := a.options()
		if err != nil {
			return err
		}
		o.Enforce, o.Prune = *enforce, *prune
		report, err := a.measure(o, agent.ModePlan, args[0], a.runOf(cmd.Context(), args[0], agent.Plan))
		return a.tell(report, err, look{diffs: true, all: *verbose})
	}
	return cmd
}
