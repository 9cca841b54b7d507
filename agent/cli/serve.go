package cli

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
	"github.com/makenotwork/mnw-agent/agent/serve"
	"github.com/makenotwork/mnw-agent/manifests"
)

const serveAbout = `Serve makes the node match the manifest again and again: at once, and then at the
interval (--interval, and up to a tenth of it later, so that the nodes of a fleet
do not all begin together; a run that takes longer is followed by the next one
after just that tenth). Every run is one of apply, and what is said there of gates,
roll-backs and held manifests holds here. A run that fails, is taken back, is held
or finds the lock taken ends nothing: the next one comes in its turn.

The manifest is loaded again for every run. When it, or a file that it takes in,
has changed and has come to rest, a run is made within two or three seconds; on
SIGHUP one is made at once. While the manifest is wrong or cannot be read, nothing
is applied, also when serve is started with it, and nothing of an earlier one: the
error is told and counted, and the node stays as it is until the manifest is mended.

A run is told as apply tells it, when it changed something, did not go through, or
is the first that went through again; with --verbose always. With --json each run is
one document on a line of its own: its report, or what kept it from beginning.

On http://127.0.0.1:9464 (--listen) there are / for people, which shows what status
shows; /metrics for Prometheus; and /healthz, which is 200 while the loop is alive,
and 503 when a run is five minutes beyond its --timeout and makes no change any
more, or when none has begun a minute after it was due. What the runs come to makes
no difference to it: that is in the metrics. Nobody is asked who they are, so another
address than one of this machine is warned of. With --listen none there is no HTTP.

As a service, it tells systemd when it is up (Type=notify), what the last run came
to, and that it is alive (WatchdogSec=), which means the same as for /healthz.

SIGTERM and SIGINT bring the run in hand to its end as with apply, and end it with
exit status 0. A second one after a second ends it at once.`

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:         "serve MANIFEST",
		Short:       "Make the node match the manifest again and again",
		Long:        serveAbout,
		Example:     "  mnw-agent serve --interval 5m --listen 127.0.0.1:9464 manifest.yaml",
		Args:        oneManifest,
		Annotations: map[string]string{hangupMeans: "reload"},
	}
	a.nodeFlags(cmd)
	a.keepFlag(cmd)
	a.metricsFlag(cmd)
	s := &server{app: a}
	f := cmd.Flags()
	f.DurationVar(&s.interval, "interval", 5*time.Minute, "from the beginning of a run to that of the next")
	f.StringVar(&s.listen, "listen", "127.0.0.1:9464", "`address` to listen on; none for no HTTP")
	f.DurationVar(&s.wait, "wait", time.Minute, "how long a run waits while another run holds the lock")
	f.DurationVar(&s.timeout, "timeout", 15*time.Minute, "how long one run may take")
	f.BoolVar(&s.atomic, "atomic", false, "take everything back when one resource fails")
	f.BoolVar(&s.prune, "prune", false, "take back what was made of resources that have left the manifest")
	f.BoolVar(&s.look.diffs, "diff", false, "show the changes as unified diffs, too")
	f.BoolVarP(&s.look.all, "verbose", "v", false, "tell every run, and name the resources that are as declared, too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, err := s.options(args[0])
		if err != nil {
			return err
		}
		if err := needRoot(cmd, o.Agent, "a sandbox"); err != nil {
			return err
		}
		a.jsonLines = true
		err = serve.Serve(cmd.Context(), o)
		a.status = exitOK // whatever the runs came to
		return err
	}
	return cmd
}

// A server is one call of serve. Its flags are its own where their defaults are.
type server struct {
	*app
	interval, wait, timeout time.Duration
	listen                  string
	atomic, prune           bool
	look                    look
	uneasy                  bool // the last run did not go through
}

// check says what is wrong with the flags, and settles what they mean.
func (s *server) check() error {
	if s.listen == none {
		s.listen = ""
	}
	switch err := checkListen(s.listen); {
	case err != nil:
		return err
	case s.interval < time.Second:
		return errors.New("--interval takes a second at least")
	case s.wait < 0:
		return errors.New("--wait takes no negative duration")
	case s.timeout <= 0:
		return errors.New("--timeout takes a duration: a run without a limit could not be told from one that hangs")
	}
	if s.flags.metricsFile != "" {
		if err := metrics.CheckPath(s.flags.metricsFile); err != nil {
			return fmt.Errorf("--metrics-file %w", err)
		}
	}
	return nil
}

// checkListen refuses what nobody can listen on.
func checkListen(address string) error {
	if address == "" || address == none {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fmt.Errorf("--listen %q: want host:port, such as 127.0.0.1:9464, or none", address)
	}
	return nil
}

func (s *server) options(manifest string) (serve.Options, error) {
	if err := s.check(); err != nil {
		return serve.Options{}, usageError{err}
	}
	o, err := s.app.options()
	if err != nil {
		return serve.Options{}, err
	}
	o.Wait, o.Timeout, o.Atomic, o.Prune = s.wait, s.timeout, s.atomic, s.prune
	s.look.applied = true
	status := func() (*agent.Status, error) { return agent.StatusOf(o) }
	return serve.Options{
		Manifest: manifest,
		Load: func(reads func(string)) (*manifests.Manifest, error) {
			return manifests.Load(manifest, manifests.Options{Facts: s.facts, Reads: reads})
		},
		Agent: o, Interval: s.interval, Listen: s.listen, Status: status, Reload: s.hangups,
		Metrics: metrics.Handler(status, build()),
		Begin:   func() { s.fileMetrics(o, func(st *agent.Status) { st.InProgress = true }) },
		Tell: func(r serve.Run) string {
			s.fileMetrics(o, end{agent.ModeApply, manifest, r.Report, r.Err, r.Forgotten}.complete)
			return s.tell(r)
		},
		Warn:      s.printError,
		Listening: func(at string) { s.printNews("listening on", "address", "http://"+at+"/") },
	}, nil
}

// tell tells a run, if there is anything to be told of it, and puts it in one line.
func (s *server) tell(r serve.Run) string {
	fine := r.Report != nil && r.Err == nil && r.Report.Result == agent.Converged
	if !fine || s.uneasy || s.look.all || s.flags.json {
		if err := s.app.tell(r.Report, r.Err, s.look); err != nil {
			s.fail(err)
		}
	}
	if r.Forgotten != nil {
		s.printError(fmt.Errorf("this run is not remembered: %w", r.Forgotten))
	}
	s.uneasy = r.Report == nil || r.Err != nil || statuses[r.Report.Result] != exitOK
	return cameTo(r.Report, r.Err)
}

// fileMetrics writes the metrics file, if there is one, of what is known as amended.
func (s *server) fileMetrics(o agent.Options, amend func(*agent.Status)) {
	if s.flags.metricsFile != "" {
		s.writeMetrics(o, amend)
	}
}
