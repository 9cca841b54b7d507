// Package cli is the command line: a file for each verb, and term.go, the one
// file that writes for people. Results go to standard output, diagnostics to
// standard error.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// The exit statuses.
const (
	exitOK             = 0
	exitFailed         = 1
	exitDiffers        = 2
	exitRolledBack     = 3
	exitRollbackFailed = 4
	exitLocked         = 5
	exitUsage          = 64
)

const about = `mnw-agent makes a node match its manifest: it looks at the node, says exactly
what differs, changes just that, and proves that it matches.

Nothing is written before the whole plan is known and the real judges (visudo,
caddy, systemd-analyze) have ruled on the node as it would be.

A manifest is a file of YAML: explain tells what it may say, and import makes one
of what is here. What changes a node needs root, or --root and a directory.

Exit status:
  0   the node matches the manifest (apply: also when it had to be changed)
  1   it could not be made to match, or a judge refuses; the report says why
  2   plan: there are differences; apply --detailed-exitcode: there were changes
  3   rolled back: a gate failed (what worked before does not any more), and the
      previous state is restored; or the manifest is held since such a run
  4   a roll-back did not succeed; the report says what to do by hand
  5   another run holds the lock
  64  usage, or a manifest that is wrong in itself; nothing was touched`

// Main runs the command line and returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr, hangups: make(chan os.Signal, 1)}
	root := a.root()
	root.SetArgs(args)
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	switch {
	case reloads(root, args):
		signal.Notify(a.hangups, syscall.SIGHUP)
	case !signal.Ignored(syscall.SIGHUP): // as nohup(1) has it
		// The line to whoever has started this is gone: no later signal is meant.
		signals = append(signals, syscall.SIGHUP)
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	// A second signal ends the program at once, unless it comes with the first:
	// timeout(1) sends its signal to the program and then to the whole group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	// A reader of the output who goes away does not end it half-way through a run.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := root.ExecuteContext(ctx); err != nil {
		a.fail(err)
	}
	if a.metricsError != "" {
		a.status = max(a.status, exitFailed)
	}
	return a.status
}

// hangupMeans is the annotation of a verb to which SIGHUP means something else than
// that the line is gone.
const hangupMeans = "sighup"

// reloads says whether SIGHUP asks the verb that args name to load its manifest
// again. It must be known before the first signal can come.
func reloads(root *cobra.Command, args []string) bool {
	verb, _, err := root.Find(args)
	return err == nil && verb.Annotations[hangupMeans] == "reload"
}

// An app is one call of the program.
type app struct {
	stdout, stderr io.Writer
	flags          flags
	status         int
	hangups        chan os.Signal // for a verb that reloads
	jsonLines      bool           // there are many documents: each is one line
	metricsError   string         // what keeps the metrics from being written, "" when nothing does
}

// A usageError is a command line that is wrong.
type usageError struct{ error }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "mnw-agent",
		Short:         "Make a node match its manifest",
		Long:          about,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.checkFlags()
		},
	}
	version := root.Flags().Bool("version", false, "as the verb version")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *version {
			return a.tellVersion()
		}
		return cmd.Help()
	}
	root.SuggestionsMinimumDistance = 2
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())}
	})
	shared := root.PersistentFlags()
	shared.BoolVar(&a.flags.json, "json", false, "print one JSON document on standard output, and nothing else")
	shared.StringVar(&a.flags.color, "color", "auto", "colour: auto, always or never")
	shared.StringVar(&a.flags.logFormat, "log-format", "text", "diagnostics on standard error: text or json")
	root.AddCommand(a.planCommand(), a.applyCommand(), a.serveCommand(), a.validateCommand(),
		a.statusCommand(), a.historyCommand(), a.rollbackCommand(), a.importCommand(), a.installCommand(), a.uninstallCommand(),
		a.explainCommand(), a.schemaCommand(), a.versionCommand())
	for _, verb := range root.Commands() {
		verb.Args = asUsage(verb.Args)
	}
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usageError{unknownVerb(cmd, args[0])}
	}
	return root
}

func unknownVerb(cmd *cobra.Command, verb string) error {
	if near := cmd.SuggestionsFor(verb); len(near) > 0 {
		return fmt.Errorf("there is no verb %q: did you mean %s?", verb, near[0])
	}
	return fmt.Errorf("there is no verb %q (see mnw-agent --help)", verb)
}

// asUsage makes the errors of an arguments check usage errors.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%s: %w (see %s --help)", cmd.Name(), err, cmd.CommandPath())}
		}
		return nil
	}
}

// oneManifest is the arguments of a verb that takes one manifest.
func oneManifest(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("wants one manifest, and got %d", len(args))
	}
	return nil
}

// load reads a manifest for the node that the flags name.
func (a *app) load(path string) (*manifests.Manifest, error) {
	return manifests.Load(path, manifests.Options{Facts: a.facts})
}

func (a *app) facts() map[string]string { return node.Facts(a.flags.root) }
