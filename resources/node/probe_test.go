package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// long is a limit that no test waits for.
const long = time.Minute

// machine is the running system.
func machine(t *testing.T) *Machine {
	t.Helper()
	m, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// probed tries a probe on the running system and holds it to an error, "" for
// none.
func probed(t *testing.T, p Probe, want string) {
	t.Helper()
	got := ""
	if err := machine(t).Probe(t.Context(), p); err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// listen listens on the loopback and does with each connection what serve says.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended); listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				serve(conn)
				<-ended
				conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

// silent accepts connections and never answers.
func silent(t *testing.T) string { return listen(t, func(net.Conn) {}) }

// closed is an address at which nobody listens: the port is taken, so that
// nobody else comes to.
func closed(t *testing.T) string {
	t.Helper()
	address, _ := bound(t)
	return address
}

// full is an address at which somebody listens who accepts nothing any more.
func full(t *testing.T) string {
	t.Helper()
	address, fd := bound(t)
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address) // the one that fits in the queue
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address
}

func bound(t *testing.T) (address string, fd int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", at.(*unix.SockaddrInet4).Port), fd
}

func TestProbeTCP(t *testing.T) {
	t.Parallel()
	open, shut, busy := silent(t), closed(t), full(t)
	for address, want := range map[string]string{
		open:          "",
		shut:          shut + ": connection refused",
		busy:          "no connection to " + busy + " within 300ms",
		"bad..name:1": "lookup bad..name: no such host",
	} {
		limit := long
		if address == busy {
			limit = 300 * time.Millisecond
		}
		probed(t, Probe{TCP: address, Limit: limit}, want)
	}
}

func TestProbeCommand(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		argv []string
		want string
	}{
		"true":           {[]string{"true"}, ""},
		"its status":     {[]string{"sh", "-c", "exit 3"}, "sh: exit status 3"},
		"its last line":  {[]string{"sh", "-c", "echo one; echo 'no \033[1m response' >&2; echo; exit 2"}, "sh: no \ufffd[1m response"},
		"a long line":    {[]string{"sh", "-c", "printf %0200d 0; exit 1"}, "sh: " + strings.Repeat("0", 120) + "…"},
		"killed":         {[]string{"sh", "-c", "echo on my own; kill -KILL $$"}, "sh: signal: killed: on my own"},
		"missing":        {[]string{"no-such-program"}, "there is no program no-such-program on this node"},
		"no program":     {[]string{script}, "there is no program " + script + " on this node"},
		"its whole env":  {[]string{"sh", "-c", `test "$(env | cut -d= -f1 | sort | tr '\n' ' ')" = "HOME LANG MNW_AGENT_PROGRAM PATH PWD "`}, ""},
		"where it is":    {[]string{"sh", "-c", `test "$(pwd)" = /`}, ""},
		"nothing to say": {[]string{"cat"}, ""}, // it reads nothing
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probed(t, Probe{Command: test.argv, Limit: long}, test.want)
		})
	}
}

func TestProbeCommandAsUser(t *testing.T) {
	t.Parallel()
	probed(t, Probe{Command: []string{"true"}, User: "no-such-user", Limit: long}, "it should run as no-such-user: there is no such user")
	if os.Geteuid() != 0 {
		t.Skip("only root runs programs as others")
	}
	check := `test "$(id -u):$(id -g):$(id -G)" = 65534:65534:65534 && test "$HOME" = /nonexistent`
	probed(t, Probe{Command: []string{"sh", "-c", check}, User: "nobody", Limit: long}, "")
}

// A command that clings to life is killed at its limit, and its child with it.
func TestProbeCommandLate(t *testing.T) {
	t.Parallel()
	left := filepath.Join(t.TempDir(), "pid")
	const script = `trap "" TERM; echo begun; sleep 1000 & echo $! >"$0"; wait; sleep 1000`
	var pid []byte
	for limit := 250 * time.Millisecond; len(pid) == 0; limit *= 2 { // until it had the time to begin
		err := machine(t).Probe(t.Context(), Probe{Command: []string{"sh", "-c", script, left}, Limit: limit})
		if pid, _ = os.ReadFile(left); len(pid) == 0 {
			continue
		}
		if want := fmt.Sprintf("sh was still running after %s and was killed: begun", limit); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	eventually(t, "the child is still there", func() bool {
		stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(pid)), "stat"))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

// What ends the run ends a try at once, whatever is waited for.
func TestProbeEnds(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	hanging := listen(t, func(conn net.Conn) {
		conn.Read(make([]byte, 1))
		asked <- struct{}{}
	})
	begun := filepath.Join(t.TempDir(), "begun")
	for name, test := range map[string]struct {
		probe Probe
		wait  func()
	}{
		"http":    {Probe{HTTP: &HTTPProbe{URL: "http://" + hanging}}, func() { <-asked }},
		"tcp":     {Probe{TCP: full(t)}, func() {}},
		"command": {Probe{Command: []string{"sh", "-c", `mkdir "$0"; sleep 1000`, begun}}, func() { eventually(t, "it does not begin", exists(begun)) }},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			test.probe.Limit = long
			go func() { test.wait(); cancel() }()
			if err := machine(t).Probe(ctx, test.probe); err != context.Canceled {
				t.Errorf("got %v", err)
			}
		})
	}
}

func exists(path string) func() bool {
	return func() bool { _, err := os.Lstat(path); return err == nil }
}

func TestUnitComplaint(t *testing.T) {
	t.Parallel()
	for want, unit := range map[string]Unit{
		"":                                  {LoadState: "loaded", ActiveState: "reloading", SubState: "reload"},
		"it is failed":                      {LoadState: "loaded", ActiveState: "failed", SubState: "failed"},
		"it is inactive":                    {LoadState: "loaded", ActiveState: "inactive", SubState: "dead"},
		"it is activating (auto-restart)":   {LoadState: "loaded", ActiveState: "activating", SubState: "auto-restart"},
		"it is deactivating (stop-sigterm)": {LoadState: "loaded", ActiveState: "deactivating", SubState: "stop-sigterm"},
		"it is inactive, and masked":        {LoadState: "masked", ActiveState: "inactive", SubState: "dead"},
		"there is no such unit":             {LoadState: "not-found", ActiveState: "inactive", SubState: "dead"},
	} {
		got := ""
		if err := unit.complaint(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What systemd says is told where it runs, and that it does not elsewhere.
func TestProbeUnit(t *testing.T) {
	t.Parallel()
	m := machine(t)
	_, err := os.Stat("/run/systemd/system")
	for name, want := range map[string]string{
		"systemd-journald.service": "",
		"no-such-unit.service":     "there is no such unit",
		"emergency.service":        "it is inactive",
	} {
		if err != nil {
			want = ErrNoSystemd.Error()
		}
		got := ""
		if err := m.Probe(t.Context(), Probe{Unit: name, Limit: long}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestProbeOffline(t *testing.T) {
	t.Parallel()
	m := tree(t, nil)
	for _, p := range []Probe{
		{HTTP: &HTTPProbe{URL: "http://" + silent(t)}}, {TCP: silent(t)}, {Command: []string{"true"}}, {Unit: "dbus.service"},
	} {
		if err := m.Probe(t.Context(), p); !errors.Is(err, ErrOffline) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
