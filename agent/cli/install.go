package cli

import (
	"errors"
	"fmt"
	"net"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/service"
	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
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

--wait, --timeout, --atomic, --keep and --state-dir hold for the runs of the service,
too. A timer goes by the clock when an interval divides a minute, an hour, a day or a
week evenly, and makes up for a run that was missed while the node was off; any other
interval is counted from the last run.

The commands of checks and validate: run inside the service and are limited with it:
no sudo, su or ping (a check has user:), no node or java, no hardware. The unit files
say what is given up, what is not, and why; a drop-in brings back what you need.`

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
	in.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := in.checkFlags(); err != nil {
			return usageError{err}
		}
		o, err := in.options("install")
		if err != nil {
			return err
		}
		o.Wait, o.Timeout, o.Atomic = in.wait, in.timeout, in.atomic
		s, err := in.service(args[0], o)
		if err != nil {
			return err
		}
		m, err := s.Manifest(in.at(o))
		if err != nil {
			return err
		}
		return in.converge(cmd.Context(), m, o, "")
	}
	return cmd
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
	atomic        bool
	metricsFile   string
}

// unitFlags are the flags of install and uninstall.
func (in *installation) unitFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&in.name, "name", service.DefaultName, "`name` of the units, which begins with "+service.DefaultName+": for a second manifest")
	f.BoolVar(&in.plan, "plan", false, "say what would change, as unified diffs, and change nothing")
	f.BoolVar(&in.diffs, "diff", false, "show the changes as unified diffs, too")
}

func (in *installation) flags(cmd *cobra.Command) {
	in.unitFlags(cmd)
	f := cmd.Flags()
	f.DurationVar(&in.every, "every", 5*time.Minute, "from one run of the timer to the next, in whole seconds")
	f.DurationVar(&in.jitter, "jitter", 0, "by how much a node's timer may be late, so that not all run at once (default a tenth of --every)")
	f.BoolVar(&in.serve, "serve", false, "a service that goes on running, in place of a timer")
	f.DurationVar(&in.interval, "interval", 5*time.Minute, "with --serve: from one run to the next")
	f.StringVar(&in.listen, "listen", "127.0.0.1:9464", "with --serve: `address` to listen on; none for no HTTP")
	f.DurationVar(&in.wait, "wait", time.Minute, "how long to wait while another run holds the lock")
	f.DurationVar(&in.timeout, "timeout", 15*time.Minute, "how long one run may take; 0 for no limit")
	f.BoolVar(&in.atomic, "atomic", false, "take everything back when one resource fails")
	f.StringVar(&in.metricsFile, "metrics-file", "", "`file` for the textfile collector of node_exporter; none for none (default "+defaultMetricsFile+", when its directory is there)")
}

// checkFlags finds flags that are wrong, or make no sense together.
func (in *installation) checkFlags() error {
	if err := service.CheckName(in.name); err != nil {
		return err
	}
	for _, name := range []string{"interval", "listen"} {
		if in.flag(name) && !in.serve {
			return fmt.Errorf("--%s is for --serve; a timer has --every", name)
		}
	}
	for _, name := range []string{"every", "jitter", "metrics-file"} {
		if in.flag(name) && in.serve {
			return fmt.Errorf("--%s is for a timer; --serve has --interval and --listen", name)
		}
	}
	switch _, _, err := net.SplitHostPort(in.listen); {
	case in.wait < 0 || in.timeout < 0:
		return errors.New("--wait and --timeout take no negative duration")
	case in.every < time.Second || in.every%time.Second != 0:
		return fmt.Errorf("--every %s: want whole seconds, and at least one", in.every)
	case in.jitter < 0 || in.jitter > in.every:
		return fmt.Errorf("--jitter %s: want from 0 to --every", in.jitter)
	case in.interval < time.Second:
		return fmt.Errorf("--interval %s: want at least 1s", in.interval)
	case err != nil && in.listen != none:
		return fmt.Errorf("--listen %s: want HOST:PORT, or none", in.listen)
	}
	return nil
}

// service is what is to be installed, when manifest and program are fit for it.
func (in *installation) service(manifest string, o agent.Options) (service.Service, error) {
	s := service.Service{Name: in.name, Serve: in.serve, Every: in.every, Jitter: in.jitter, Timeout: in.timeout}
	if !in.flag("jitter") {
		s.Jitter = service.Usual(in.every)
	}
	m, err := in.load(manifest)
	if err == nil {
		err = agent.Check(m)
	}
	if err == nil {
		err = in.declaresNone(m)
	}
	if err != nil {
		return s, err
	}
	s.Argv, err = in.argv(manifest, o)
	return s, err
}

// declaresNone refuses a manifest that has a unit of the service in it: it would undo
// with every run what install does.
func (in *installation) declaresNone(m *manifests.Manifest) error {
	ours := []string{service.Timer(in.name), service.Oneshot(in.name), service.Serving(in.name)}
	for _, e := range m.Entries {
		owner, ok := e.Resource.(resources.Owner)
		if !ok {
			continue
		}
		for _, s := range owner.Owns() {
			if s.Kind == node.OfPath && path.Dir(s.Name) == "/etc/systemd/system" && slices.Contains(ours, path.Base(s.Name)) {
				return &manifests.Error{File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Column,
					Text: fmt.Sprintf("%s is what install sets up: leave it out (drop-ins do no harm), or choose another --name", e.ID)}
			}
		}
	}
	return nil
}

// argv is the command line of the service, with paths as the node has them.
func (in *installation) argv(manifest string, o agent.Options) ([]string, error) {
	p := places{root: o.Root}
	argv := []string{p.program(), "apply", p.inside(manifest)}
	if in.serve {
		argv[1] = "serve"
		argv = append(argv, "--interval", service.Span(in.interval), "--listen", in.listen)
	}
	argv = append(argv, "--timeout", service.Span(in.timeout), "--wait", service.Span(in.wait))
	if in.atomic {
		argv = append(argv, "--atomic")
	}
	if in.flag("keep") {
		argv = append(argv, "--keep", strconv.Itoa(o.Keep))
	}
	if o.StateDir != "" {
		argv = append(argv, "--state-dir", p.inside(o.StateDir))
	}
	if file := in.metrics(&p); file != "" {
		argv = append(argv, "--metrics-file", file)
	}
	return argv, p.err
}

// none is the value of a flag for having no such thing.
const none = "none"

const defaultMetricsFile = "/var/lib/prometheus/node-exporter/mnw-agent.prom"

// metrics is where the service writes its metrics, "" for nowhere. All services of a
// node have one file: each run writes what is known of the whole node.
func (in *installation) metrics(p *places) string {
	switch {
	case in.serve, in.flag("metrics-file") && (in.metricsFile == "" || in.metricsFile == none):
		return ""
	case in.flag("metrics-file"):
		file := p.inside(in.metricsFile)
		if !p.hasDir(filepath.Dir(file)) {
			p.fail(fmt.Errorf("--metrics-file %s: there is no directory %s", in.metricsFile, filepath.Dir(file)))
		}
		return file
	case p.hasDir(filepath.Dir(defaultMetricsFile)):
		return defaultMetricsFile
	}
	return ""
}

// at is the path by which the units of a service are journalled.
func (in *installation) at(o agent.Options) string {
	dir := o.StateDir
	if dir == "" {
		dir = filepath.Join(o.Root, agent.DefaultStateDir)
	}
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return filepath.Join(dir, "install"+strings.TrimPrefix(in.name, service.DefaultName)+".yaml")
}
