package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// spawn starts systemd-nspawn(1) on root and returns when the node's systemd
// has said that it is ready, by sd_notify(3). With overlay, nothing is written
// to root.
func (c *Container) spawn(ctx context.Context, root string, overlay bool) error {
	socket := filepath.Join(c.dir, "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer notify.Close()
	stop := context.AfterFunc(ctx, func() { notify.Close() })
	defer stop()

	args := []string{"--directory", root, "--boot", "--machine", c.Name,
		"--register=no", "--keep-unit", "--notify-ready=yes",
		"--private-network", "--capability=CAP_LINUX_IMMUTABLE"}
	if overlay {
		args = append(args, "--volatile=overlay")
	}
	nspawn := exec.Command("systemd-nspawn", args...)
	nspawn.Env = []string{"PATH=" + searchPath, "NOTIFY_SOCKET=" + socket,
		"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"}
	if err := c.launch(nspawn); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- nspawn.Wait()
		notify.Close()
	}()
	err = c.awaitReady(notify)
	if err == nil {
		return nil
	}
	select {
	case err = <-ended:
		return fmt.Errorf("systemd-nspawn ended: %v", err)
	default:
		return errors.Join(ctx.Err(), err)
	}
}

// launch starts cmd in the container's control group, with its output in the
// console log.
func (c *Container) launch(cmd *exec.Cmd) error {
	console, err := os.Create(filepath.Join(c.dir, "console"))
	if err != nil {
		return err
	}
	defer console.Close()
	cgroup, err := os.Open(c.cgroup)
	if err != nil {
		return err
	}
	defer cgroup.Close()
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
	return cmd.Start()
}

var leaderLine = regexp.MustCompile(`(?m)^X_NSPAWN_LEADER_PID=(\d+)$`)

// awaitReady reads sd_notify(3) messages until one says READY=1. An earlier
// one names the leader.
func (c *Container) awaitReady(notify *net.UnixConn) error {
	message := make([]byte, 4096)
	for {
		n, err := notify.Read(message)
		if err != nil {
			return fmt.Errorf("wait until the node is ready: %w", err)
		}
		if found := leaderLine.FindSubmatch(message[:n]); found != nil {
			c.leader, _ = strconv.Atoi(string(found[1]))
		}
		if bytes.Contains(message[:n], []byte("READY=1")) && c.leader != 0 {
			return nil
		}
	}
}
