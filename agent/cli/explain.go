package cli

import (
	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/manifests"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain [TYPE[.FIELD]]",
		Short:   "Explain what a manifest may say",
		Long:    "Explain tells what can be managed, what a type promises, and what its fields mean.\nWithout a topic it lists the types, and what else stands at the top of a manifest.",
		Example: "  mnw-agent explain\n  mnw-agent explain crontab\n  mnw-agent explain crontab.jobs.schedule\n  mnw-agent explain vars",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			topic := ""
			if len(args) > 0 {
				topic = args[0]
			}
			text, err := manifests.Explain(topic)
			if err != nil {
				return usageError{err}
			}
			if a.flags.json {
				a.printJSON(map[string]any{"version": 1, "topic": topic, "text": text})
				return nil
			}
			a.print(text)
			return nil
		},
	}
}
