package cli

import (
	"errors"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

// A validity is what validate says of one manifest in its JSON document.
type validity struct {
	Manifest  string             `json:"manifest"`
	Resources int                `json:"resources"`
	Errors    []*manifests.Error `json:"errors"`
}

func (a *app) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate MANIFEST…",
		Short: "Say whether manifests are right in themselves",
		Long: `Validate reads manifests, and the files that they take in, and names everything
that is wrong in them, with file, line and column. It needs no root and looks at
no node, but for the facts that a manifest uses.`,
		Example: "  mnw-agent validate manifests/*.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("wants at least one manifest")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.validate(args) },
	}
}

func (a *app) validate(paths []string) error {
	document := struct {
		Version   int        `json:"version"`
		Exit      int        `json:"exit"`
		Manifests []validity `json:"manifests"`
	}{Version: 1}
	var errs error
	for _, path := range paths {
		v := validity{Manifest: path, Errors: []*manifests.Error{}}
		m, err := a.load(path)
		if err == nil {
			v.Resources = len(m.Entries)
			err = agent.Check(m)
		}
		if err != nil {
			errs = multierror.Append(errs, err)
			v.Errors = failureDocument(err, exitUsage).Errors
			a.status = exitUsage
		}
		document.Manifests = append(document.Manifests, v)
		document.Exit = a.status
	}
	if a.flags.json {
		a.printJSON(document)
		return nil
	}
	a.printValidities(document.Manifests)
	return nil
}
