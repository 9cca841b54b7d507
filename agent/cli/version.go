package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version is the program's version; the linker sets it in a release.
var Version = "0.1.0-dev"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Version prints the program's version, the revision that it was built from, and the version of Go.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			revision, goVersion := build()
			if a.flags.json {
				a.printJSON(map[string]any{"version": Version, "revision": revision, "goversion": goVersion})
				return nil
			}
			a.print(fmt.Sprintf("mnw-agent %s (revision %s, %s)\n", Version, revision, goVersion))
			return nil
		},
	}
}

// build is the revision and the version of Go that the program was made from.
func build() (revision, goVersion string) {
	revision = "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return revision, "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = setting.Value
		}
	}
	return revision, info.GoVersion
}
