package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/service"
)

const aboutInstall = `Install has systemd apply a manifest again and again: with --every by a timer and a
hardened oneshot service, mnw-agent.timer and mnw-agent.service; with --serve by a
hardened service that goes on running, mnw-agent-serve.service. To install the one
removes the other. The manifest is applied from where it is, by the program that you
are running now: nobody but root may be able to write to either.

The units are ordinary resources, and this is an ordinary run: --plan shows what it
would change and exits with 2, a second one finds nothing to do, history lists it and
rollback takes it back. Drop-ins of your own (systemctl edit) are left alone. After an
upgrade of the program, install again: a service that goes on running is restarted.

--wait, --timeout, --keep and --state-dir hold for this run and for those of the
service, --atomic, --prune and --metrics-file for those of the service. A timer goes by
the clock when --every divides a minute, an hour, a day or a week evenly, and makes up
for a run that was missed while the node was off; any other interval is counted from
the last run. The first run comes when it is due: apply makes one now.

Judges, and the commands of checks and validate:, run inside the service and are limited
with it: no sudo but by root (there are runuser, and user: in a check), no ping, no
node or java, no hardware. Nor can it manage files in /usr/lib/modules. The unit files
say what is given up, what is not, and why; a drop-in brings back what you need:
systemctl edit mnw-agent.service.

In a --root, all paths are given as they are here, and lie below it; the program is to
be there in the same place.`

func (a *app) installCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install MANIFEST",
		Short: "Have systemd apply a manifest again and again",
		Long:  aboutInstall,
		Example: "  mnw-agent install /etc/mnw/manifest.yaml --every 5m\n" +
			"  mnw-agent install /etc/mnw/manifest.yaml --serve --interval 1m --listen 127.0.0.1:9464",
		Args: oneManifest,
	}
	in := &installation{app: a, flag: cmd.Flags().Changed}
	a.nodeFlags(cmd)
	a.keepFlag(cmd)
	in.installFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := in.checkFlags(); err != nil {
			return usageError{err}
		}
		o, err := in.options(cmd)
		if err != nil {
			return err
		}
		o.Timeout = in.timeout
		s, err := in.service(args[0], o)
		if err != nil {
			return err
		}
		m, err := s.Manifest(in.at(o))
		if err != nil {
			return err
		}
		return in.converge(cmd.Context(), m, o, in.whatNow)
	}
	return cmd
}

// whatNow tells where to look for what was set up.
func (in *installation) whatNow(r *agent.Report) string {
	switch {
	case r.Result != agent.Changed || in.flags.root != "/":
		return ""
	case in.serve:
		return fmt.Sprintf("%s is up: journalctl --unit %[1]s tells what comes of its runs", service.Serving(in.name))
	}
	return fmt.Sprintf("%s starts %s from now on: systemctl list-timers %[1]s tells when, journalctl --unit %[2]s what came of it",
		service.Timer(in.name), service.Oneshot(in.name))
}

// An installation is a call of install or uninstall.
type installation struct {
	*app
	flag func(name string) bool // whether it was given

	name        string
	plan, diffs bool

	serve         bool
	every, jitter time.Duration
	interval      time.Duration
	listen        string
	wait, timeout time.Duration
	atomic, prune bool
	metricsFile   string
}

// unitFlags are the flags of install and uninstall.
func (in *installation) unitFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&in.name, "name", service.DefaultName, "`name` of the units, which begins with "+service.DefaultName+": for a second manifest")
	f.BoolVar(&in.plan, "plan", false, "say what would change, as unified diffs, and change nothing")
	f.BoolVar(&in.diffs, "diff", false, "show the changes as unified diffs, too")
	f.DurationVar(&in.wait, "wait", time.Minute, "how long to wait while another run holds the lock")
}

func (in *installation) installFlags(cmd *cobra.Command) {
	in.unitFlags(cmd)
	f := cmd.Flags()
	f.DurationVar(&in.every, "every", 5*time.Minute, "for a timer: from one run to the next, in whole seconds")
	f.DurationVar(&in.jitter, "jitter", 0, "for a timer: by how much a node may be late, so that not all run at once (default a tenth of --every)")
	f.BoolVar(&in.serve, "serve", false, "a service that goes on running, in place of a timer")
	f.DurationVar(&in.interval, "interval", 5*time.Minute, "with --serve: from the beginning of a run to that of the next")
	f.StringVar(&in.listen, "listen", "127.0.0.1:9464", "with --serve: `address` to listen on; none for no HTTP")
	f.DurationVar(&in.timeout, "timeout", 15*time.Minute, "how long one run may take; 0 for no limit")
	f.BoolVar(&in.atomic, "atomic", false, "with every run, take everything back when one resource fails")
	f.BoolVar(&in.prune, "prune", false, "with every run, take back what was made of resources that have left the manifest")
	f.StringVar(&in.metricsFile, "metrics-file", "", "`file` for the textfile collector of node_exporter; none for none (default, for a timer, "+defaultMetricsFile+", when its directory is there)")
}

func (in *installation) checkUnitFlags() error {
	if in.wait < 0 {
		return errors.New("--wait takes no negative duration")
	}
	return service.CheckName(in.name)
}

// checkFlags finds flags that are wrong, or make no sense together.
func (in *installation) checkFlags() error {
	if err := in.checkUnitFlags(); err != nil {
		return err
	}
	for _, name := range []string{"interval", "listen"} {
		if in.flag(name) && !in.serve {
			return fmt.Errorf("--%s is for --serve; a timer has --every", name)
		}
	}
	for _, name := range []string{"every", "jitter"} {
		if in.flag(name) && in.serve {
			return fmt.Errorf("--%s is for a timer; --serve has --interval and --listen", name)
		}
	}
	switch err := checkListen(in.listen); {
	case in.timeout < 0:
		return errors.New("--timeout takes no negative duration")
	case in.serve && in.timeout == 0:
		return errors.New("--timeout 0: with --serve a run needs a limit, or it could not be told from one that hangs")
	case in.every < time.Second || in.every%time.Second != 0:
		return fmt.Errorf("--every %s: want whole seconds, and at least one", in.every)
	case in.jitter < 0 || in.jitter > in.every:
		return fmt.Errorf("--jitter %s: want from 0 to --every", in.jitter)
	case in.interval < time.Second:
		return fmt.Errorf("--interval %s: want at least 1s", in.interval)
	case err != nil:
		return err
	}
	return nil
}
