package cli

import (
	_ "embed"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/manifests"
)

//go:embed report.schema.json
var reportSchema string

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [report]",
		Short: "Print the JSON Schema of manifests, or of reports",
		Long: `Schema prints the JSON Schema (2020-12) of manifests, for editors. With the word
report it prints that of the document that plan and apply print with --json.`,
		Example:   "  mnw-agent schema > manifest.schema.json",
		ValidArgs: []string{"report"},
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.print(reportSchema)
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
