package boot

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

//go:embed keeper.sh
var keeperScript string

// A Container is one running node. Its methods return errors; for those that
// fail a test, see [Machine].
//
// It has a control group of its own (two nodes in one would stop each other's
// services) and a keeper: a shell that waits for this process to let go of a
// pipe and then removes the node.
type Container struct {
	Name string // of the container; the node's own name is "node"

	dir    string // console log, notification socket, the copy of the image
	cgroup string
	leader int // the node's process 1, as this machine numbers it

	keeper *exec.Cmd
	life   io.Closer // the keeper waits for its end

	installAgent func() error // once
}

// newContainer makes the place of a node, and starts its keeper.
func newContainer() (*Container, error) {
	nodes := filepath.Join(cache(), "nodes")
	if err := os.MkdirAll(nodes, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(nodes, "mnw-")
	if err != nil {
		return nil, err
	}
	root, err := hierarchy()
	if err != nil {
		return nil, err
	}
	c := &Container{Name: filepath.Base(dir), dir: dir}
	c.cgroup = filepath.Join(root, c.Name)
	c.installAgent = sync.OnceValue(func() error { return c.install("agent/mnw-agent", AgentPath) })

	c.keeper = exec.Command("sh", "-c", keeperScript, "keeper.sh", c.cgroup, c.dir, c.Name)
	c.keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if c.life, err = c.keeper.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.keeper.Start(); err != nil {
		return nil, err
	}
	if err := os.Mkdir(c.cgroup, 0o755); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Stop kills the node and removes everything it had.
func (c *Container) Stop() error {
	c.life.Close()
	if err := c.keeper.Wait(); err != nil {
		return fmt.Errorf("remove node %s: %w", c.Name, err)
	}
	return nil
}

// Root is the node's root directory as this machine sees it. A link inside
// that is absolute leads out of it: follow none.
func (c *Container) Root() string { return fmt.Sprintf("/proc/%d/root", c.leader) }

// Console is the end of what the node wrote to its console.
func (c *Container) Console() string {
	text, err := os.ReadFile(filepath.Join(c.dir, "console"))
	if err != nil {
		return err.Error()
	}
	return "console of " + c.Name + ":\n" + tail(string(text), 80)
}

// Journal is the end of the node's journal, or of its console when no journal
// can be read any more.
func (c *Container) Journal() string {
	result, err := c.Run("journalctl", "--no-pager", "--lines=25", "--output=short-precise")
	if err != nil || result.Code != 0 {
		return c.Console()
	}
	return "journal of " + c.Name + ":\n" + result.Stdout
}

// boot starts systemd in the container and waits until it is running.
func (c *Container) boot(ctx context.Context, image string, o options) error {
	root := image
	if o.fullCopy {
		root = filepath.Join(c.dir, "root")
		copying := exec.CommandContext(ctx, "cp", "-a", "--reflink=auto", image, root)
		if out, err := copying.CombinedOutput(); err != nil {
			return fmt.Errorf("copy the image: %w\n%s", err, out)
		}
	}
	if err := c.spawn(ctx, root, !o.fullCopy); err != nil {
		return err
	}
	state, err := c.Run("systemctl", "is-system-running", "--wait")
	if err != nil {
		return err
	}
	if strings.TrimSpace(state.Stdout) != "running" {
		failed, _ := c.Run("systemctl", "--failed", "--no-pager")
		return fmt.Errorf("the system is %s%s", state.Stdout, failed.Stdout)
	}
	return c.adapt(o)
}

// adapt makes of the plain node the one that the options ask for.
func (c *Container) adapt(o options) error {
	if len(o.stopped) > 0 {
		if err := c.Do(append([]string{"systemctl", "stop"}, o.stopped...)...); err != nil {
			return err
		}
	}
	if o.hostname == "" {
		return nil
	}
	const rename = `hostname "$1"; sed -i "s/\bnode\b/$1/" /etc/hostname /etc/hosts`
	return c.Do("sh", "-euc", rename, "sh", o.hostname)
}
