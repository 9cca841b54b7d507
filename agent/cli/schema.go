package cli

import (
	_ "embed"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/manifests"
)

var (
	//go:embed report.schema.json
	reportSchema string
	//go:embed status.schema.json
	statusSchema string
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [report | status]",
		Short: "Print the JSON Schema of manifests, of reports, or of a status",
		Long: `Schema prints the JSON Schema (2020-12) of manifests, for editors. With the word
report it prints that of the document that plan, apply and rollback print with
--json, and with the word status that of status --json.`,
		Example:   "  mnw-agent schema > manifest.schema.json",
		ValidArgs: []string{"report", "status"},
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 0 && args[0] == "report":
				a.print(reportSchema)
				return nil
			case len(args) > 0:
				a.print(statusSchema)
				return nil
			}
			schema, err := manifests.Schema()
			if err != nil {
				return fmt.Errorf("schema: %w", err)
			}
			a.print(string(schema))
			return nil
		},
	}
}
