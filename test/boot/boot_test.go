package boot

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNode(t *testing.T) {
	t.Parallel()
	m := Node(t)
	t.Log(m.Must("systemd-analyze", "time"))

	m.Must("systemctl", "is-active", "caddy", "cron", "dbus", "ssh", "systemd-logind")
	for what, command := range map[string]string{
		"loopback":          `curl --silent --fail http://localhost/`,
		"a /tmp of its own": `test "$(findmnt --noheadings --output=FSTYPE /tmp)" = tmpfs`,
		"chattr":            `touch /root/x && chattr +i /root/x && ! rm -f /root/x && chattr -i /root/x`,
		"an overlay mount":  `unshare --mount sh -euc 'mkdir /tmp/u /tmp/w; mount -t overlay -o lowerdir=/,upperdir=/tmp/u,workdir=/tmp/w o /mnt; ls /mnt/etc/passwd'`,
		"unified cgroups":   `test "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs`,
		"a machine-id":      `grep -Eqx '[0-9a-f]{32}' /etc/machine-id`,
		"no other network":  `test "$(ls /sys/class/net)" = lo`,
		"a sound policy":    `visudo --check --quiet`,
	} {
		if result := m.Sh(command); result.Code != 0 {
			t.Errorf("%s: %s: %s", what, command, result)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	m := Node(t, FullCopy(), Hostname("alpha"), WithoutStart("caddy.service"))

	if kind := m.Must("findmnt", "--noheadings", "--output=FSTYPE", "/"); kind == "overlay" {
		t.Error("a full copy is on an overlay")
	}
	if name := m.MustSh("hostname; cat /etc/hostname; sudo -u caddy hostname --short 2>&1"); name != "alpha\nalpha\nalpha" {
		t.Errorf("the node is called %s", name)
	}
	if state := m.Run("systemctl", "is-active", "caddy").Stdout; state != "inactive\n" {
		t.Errorf("caddy is %s", state)
	}
	m.Must("systemctl", "is-enabled", "caddy")
	m.Must("systemctl", "start", "caddy")
}

func TestMonitoring(t *testing.T) {
	t.Parallel()
	m := Node(t, Monitoring())
	for _, unit := range []string{"prometheus", "prometheus-alertmanager", "prometheus-node-exporter"} {
		if state := m.Run("systemctl", "is-active", unit).Stdout; state != "inactive\n" {
			t.Errorf("%s is %s", unit, state)
		}
		m.Must("systemctl", "start", unit)
	}
	m.Must("promtool", "check", "config", "/etc/prometheus/prometheus.yml")
	m.Must("amtool", "check-config", "/etc/prometheus/alertmanager.yml")
}

// Two nodes have units of the same name, ports of the same number, and do not
// notice each other.
func TestNodesSideBySide(t *testing.T) {
	t.Parallel()
	a, b := Node(t), Node(t)
	const running = "systemctl show --property=Id,MainPID,ActiveState caddy cron dbus ssh systemd-journald"
	before := b.MustSh(running)

	a.WriteFile("/etc/only-in-a", "", 0o644)
	a.Must("systemctl", "restart", "caddy", "cron", "ssh")
	a.Must("systemctl", "stop", "caddy", "systemd-logind")
	a.Must("systemctl", "daemon-reexec")
	a.Run("systemctl", "poweroff", "--force", "--force")

	if after := b.MustSh(running); after != before {
		t.Errorf("the neighbour changed\nfrom %s\nto %s", before, after)
	}
	b.Must("curl", "--silent", "--fail", "http://localhost/")
	b.MustSh("! test -e /etc/only-in-a")
	b.Must("systemctl", "restart", "caddy")
}

func TestRun(t *testing.T) {
	t.Parallel()
	m := Node(t)

	if got, want := m.Sh("echo out; echo err >&2; exit 7"), (Result{"out\n", "err\n", 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if code := m.Sh("false; true").Code; code != 1 {
		t.Errorf("a script went on after a failure, and ended with %d", code)
	}
	if code := m.Sh("kill -TERM $$").Code; code != 128+15 {
		t.Errorf("a command ended by SIGTERM has code %d", code)
	}
	if code := m.Run("/no/such/program").Code; code != 127 {
		t.Errorf("a missing program has code %d", code)
	}
	env := m.Must("env")
	if strings.Contains(env, "GO") || !strings.Contains(env, "HOME=/root") {
		t.Errorf("the environment inside is\n%s", env)
	}
}

// A command that is cancelled takes its children with it.
func TestCommandCancelled(t *testing.T) {
	t.Parallel()
	m := Node(t)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := m.Command(ctx, "sh", "-c", "sleep 4711 & echo started; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "started\n" {
		t.Fatalf("got %q", line)
	}
	m.Must("pgrep", "--full", "sleep 4711")
	cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("a command that was killed ended well")
	}
	if code := m.Run("pgrep", "--full", "sleep 4711").Code; code != 1 {
		t.Error("the child of a command that was killed lives")
	}
}

// childNode is set in the process that TestKilled starts and kills.
const childNode = "MNW_TEST_CHILD"

// A test binary that is killed leaves no node, no directory, no control group.
func TestKilled(t *testing.T) {
	if os.Getenv(childNode) != "" {
		m := Node(t)
		os.Stdout.WriteString("node=" + m.Name + "\n")
		select {}
	}
	t.Parallel()
	Node(t) // skips or builds the image
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), childNode+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var name string
	for lines := bufio.NewScanner(out); name == "" && lines.Scan(); {
		_, name, _ = strings.Cut(lines.Text(), "node=")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()

	root, _ := hierarchy()
	remains := []string{filepath.Join(cache(), "nodes", name), filepath.Join(root, name)}
	for range 100 {
		remains = slices.DeleteFunc(remains, func(name string) bool {
			_, err := os.Lstat(name)
			return os.IsNotExist(err)
		})
		if len(remains) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("left behind: %s", remains)
}

// Where no node can boot, a test is skipped, but never in continuous integration.
func TestUnavailable(t *testing.T) {
	if os.Getenv(childNode) != "" {
		Node(t)
		return
	}
	t.Parallel()
	for ci, want := range map[string]string{"": "--- SKIP", "true": "--- FAIL"} {
		child := exec.Command(os.Args[0], "-test.v", "-test.run=^TestUnavailable$")
		child.Env = []string{childNode + "=1", "PATH=/nonexistent", "CI=" + ci}
		if out, _ := child.CombinedOutput(); !strings.Contains(string(out), want) {
			t.Errorf("with CI=%q: want %s, got\n%s", ci, want, out)
		}
	}
}

func BenchmarkNode(b *testing.B) {
	benchmarkBoot(b)
}

func BenchmarkNodeFullCopy(b *testing.B) {
	benchmarkBoot(b, FullCopy())
}

func benchmarkBoot(b *testing.B, opts ...Option) {
	Node(b) // skips or builds the image
	for b.Loop() {
		c, err := Start(b.Context(), opts...)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Stop(); err != nil {
			b.Fatal(err)
		}
	}
}
