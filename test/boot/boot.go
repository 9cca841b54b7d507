// Package boot starts real Debian nodes: systemd as process 1, sudo, cron,
// caddy and sshd, each node in a container that begins as a copy of one cached
// image and leaves nothing behind.
//
// A test says
//
//	m := boot.Node(t)
//	m.Must("systemctl", "is-active", "cron")
//
// and has a [Machine], whose methods fail the test. A program that is no test
// calls [Start] and has a [Container], whose methods return errors.
//
// The images, the running nodes and their consoles are in /var/cache/mnw-agent,
// or in the absolute path that MNW_TEST_CACHE names.
package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// bootLimit is how long a node may take until all its units have started. It
// takes a second, or ten for a full copy; the rest is for a busy machine.
const bootLimit = 3 * time.Minute

// booting limits how many nodes of this process boot at the same time. Nodes
// that run idle cost next to nothing, so those are not limited: a test that
// holds one node can always have a second.
var booting = make(chan struct{}, runtime.NumCPU())

// An Option says how a node differs from the plain one.
type Option func(*options)

type options struct {
	hostname string
	fullCopy bool
	stopped  []string
	packages []string
}

// FullCopy gives the node a real copy of the image on the disk of the cache in
// place of an overlay, for what an overlay does not do like ext4: hard links,
// renames of packaged directories, inode numbers.
func FullCopy() Option { return func(o *options) { o.fullCopy = true } }

// Hostname names the node; without it, the node is called "node".
func Hostname(name string) Option { return func(o *options) { o.hostname = name } }

// Monitoring gives the node Debian's Prometheus, Alertmanager and node_exporter,
// not yet started: systemctl start prometheus prometheus-alertmanager
// prometheus-node-exporter. It begins as a copy of another image than the others.
func Monitoring() Option {
	return func(o *options) {
		o.packages = []string{"prometheus", "prometheus-alertmanager", "prometheus-node-exporter"}
	}
}

// WithoutStart leaves the unit enabled but stopped.
func WithoutStart(unit string) Option {
	return func(o *options) { o.stopped = append(o.stopped, unit) }
}

// Available says why no node can boot here, or nil. It needs root, the programs
// that prepare.sh installs, and the unified control group hierarchy.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("booting a node needs root")
	}
	for _, program := range []string{"mmdebstrap", "systemd-nspawn", "nsenter", "flock"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("booting a node needs %s; test/prepare.sh installs it", program)
		}
	}
	_, err := hierarchy()
	return err
}

// Start boots a node and returns when all its units have started. The node
// lives until Stop, or until this process ends in whatever way.
func Start(ctx context.Context, opts ...Option) (*Container, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	var o options
	for _, option := range opts {
		option(&o)
	}
	image, err := Image(o.packages...)
	if err != nil {
		return nil, err
	}

	booting <- struct{}{}
	defer func() { <-booting }()
	ctx, cancel := context.WithTimeout(ctx, bootLimit)
	defer cancel()
	c, err := newContainer()
	if err != nil {
		return nil, err
	}
	if err := c.boot(ctx, image, o); err != nil {
		err = fmt.Errorf("boot a node: %w\n%s", err, c.Console())
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// cache is the directory for the image and for running nodes.
func cache() string {
	if dir := os.Getenv("MNW_TEST_CACHE"); dir != "" {
		return dir
	}
	return "/var/cache/mnw-agent"
}

// hierarchy is where the unified control group hierarchy is mounted: alone, or
// beside the older ones.
func hierarchy() (string, error) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.controllers")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("booting a node needs the unified control group hierarchy (cgroup2)")
}
