package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent/metrics"
)

// Version is the program's version; the linker sets it in a release.
var Version = "0.1.0-dev"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Version prints the program's version, the revision that it was built from, and the version of Go.",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.tellVersion() },
	}
}

func (a *app) tellVersion() error {
	b := build()
	if a.flags.json {
		a.printJSON(map[string]any{"version": b.Version, "revision": b.Revision, "goversion": b.GoVersion})
		return nil
	}
	a.print(fmt.Sprintf("mnw-agent %s (revision %s, %s)\n", b.Version, b.Revision, b.GoVersion))
	return nil
}

// build is which program this is, and what it was made from.
func build() metrics.Build {
	b := metrics.Build{Version: Version, Revision: "unknown", GoVersion: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.GoVersion = info.GoVersion
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			b.Revision = setting.Value
		}
	}
	return b
}
