package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
)

const importAbout = `Import looks at resources on this node and prints a manifest that declares them as
they are: its plan is empty. It changes nothing. An id is the name of a type, a
colon, and the name of the resource, as in reports: file:/etc/motd, user:git,
unit:caddy.service, sudoers:deploy.

What may be a secret is left out, and a comment in the manifest says what, and why:

  - the content of a file that not everybody may read or get to, or that has a setting
    such as API_TOKEN=x or a URL with a password in it
  - of an environment file, and of the settings of a crontab, all values but paths,
    numbers, addresses and the like
  - a key of authorized_keys with an environment of its own
  - jobs of a crontab that are not marked as the agent's; the comment names their
    programs, without arguments

Without the privileges of root, owners are left out too. What is wanted of checks and
retired paths cannot be read from a node.

With --json it prints one document: the manifest as a text (manifest), what is left out
(notes) and what no declaration can say (misses), each with the id of its resource.

Exit status 1 when there is something that no declaration can say, so that the plan of
the manifest would not be empty: that is named on standard error.`

func (a *app) importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "import ID…",
		Short:   "Make a manifest of what is here now",
		Long:    importAbout,
		Example: "  mnw-agent import user:git directory:/opt/git unit:caddy.service > manifest.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("wants at least one id, such as file:/etc/motd")
			}
			return nil
		},
	}
	a.nodeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, err := a.options()
		if err != nil {
			return err
		}
		o.Progress = nil
		imported, err := agent.Import(cmd.Context(), args, o)
		if err != nil {
			return err
		}
		a.tellImport(imported)
		return nil
	}
	return cmd
}

// An importDocument is what import prints with --json.
type importDocument struct {
	Version  int                `json:"version"`
	Exit     int                `json:"exit"`
	Manifest string             `json:"manifest"` // in YAML
	Notes    []agent.ImportNote `json:"notes"`    // what it leaves out, and why
	Misses   []agent.ImportNote `json:"misses"`   // what its plan would not find as declared
}

func (a *app) tellImport(im *agent.Imported) {
	misses := im.Misses()
	if len(misses) > 0 {
		a.status = exitFailed
	}
	if a.flags.json {
		a.printJSON(importDocument{1, a.status, string(im.Manifest), append([]agent.ImportNote{}, im.Notes...), misses})
		return
	}
	a.print(string(im.Manifest))
	for _, miss := range misses {
		a.printError(fmt.Errorf("%s: no declaration says this: %s", miss.ID, miss.Text))
	}
}
