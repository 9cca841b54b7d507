package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// crashing declares a change of every kind on a running node. Its check passes
// before, and after when the file that it names may be there.
const crashing = `
users:
  comes: {uid: 2001, groups: [audio], home: /srv/dir}
  daemon: {shell: /bin/sh}
groups: {along: {gid: 2002}}
directories:
  /srv/dir: {owner: comes, group: along, mode: 2755}
  /srv/goes: {state: absent, recursive: true}
files:
  /srv/dir/new: {content: "new\n", owner: comes}
  /etc/changes: {content: "changed\n"}
  /etc/mode: {owner: daemon, mode: 0600}
env_files: {/etc/some.env: {set: {A: b}, secrets: {S: canary-secret}}}
symlinks: {/etc/link: {target: changes}}
sudoers: {crash: {content: "daemon ALL=(root) NOPASSWD: /bin/true\n"}}
crontabs: {daemon: {jobs: {j: {schedule: "@daily", command: /bin/true}}}}
retired: {/srv/retires: {}}
units:
  runs.service: {settle: 50ms, needs_stop: ["file:/etc/changes"]}
  new.service: {active: true, enabled: true, settle: 50ms, content: "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"}
`

const beforeCrashing = `
ROOT=
` + beforeCrash + `
printf '[Service]\nEnvironmentFile=/etc/some.env\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/runs.service
systemctl daemon-reload; systemctl start runs
`

// crashPlaces is where nothing of the run's own lies.
var crashPlaces = []string{stateDir, "/root", "/usr", "/boot", "/var/log", "/var/lib/systemd", "/var/lib/dpkg", "/var/lib/apt", "/var/cache",
	"/var/tmp", "/etc/.pwd.lock", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"}

// Killed at every step that it writes to its journal, a run is completed by the
// next one, and what it has done can be taken back.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	c := newNodeCrash(t)
	before, after := c.undisturbed()
	step := 1
	for ; c.killed(step, "apply", "--retry-held", "/root/good.yaml"); step++ {
		when := fmt.Sprintf("killed at step %d of apply", step)
		result := c.m.Agent("apply", "--retry-held", "/root/good.yaml")
		if step > 1 && !strings.Contains(result.Stdout, "was cut short: this run goes on with it") {
			t.Errorf("%s: it does not say that a run was cut short: %s", when, result)
		}
		if result.Code != 0 {
			t.Fatalf("%s: the next run: %s", when, result)
		}
		c.same(after, when)
		c.m.MustSh(`systemctl is-active runs new; tr '\0' '\n' <"/proc/$(systemctl show -P MainPID runs)/environ" | grep -qx A=b`)
		c.takeBack(before, when)
	}
	c.takeBack(before, "not killed")
	t.Logf("killed at %d steps", step-1)
	if step < 40 {
		t.Errorf("there were %d steps only", step-1)
	}
}

// Killed at every step of a run that takes itself back, the next run finds it
// taken back, or takes it back. Two nodes share the steps.
func TestKilledOnTheWayBack(t *testing.T) {
	t.Parallel()
	for half := 1; half <= 2; half++ {
		t.Run(fmt.Sprint(half), func(t *testing.T) {
			t.Parallel()
			c := newNodeCrash(t)
			before := c.look()
			step := half
			for ; c.killed(step, "apply", "--retry-held", "/root/bad.yaml"); step += 2 {
				when := fmt.Sprintf("killed at step %d of a run that goes back", step)
				if result := c.m.Agent("apply", "/root/bad.yaml"); result.Code != 3 {
					t.Fatalf("%s: the next run: %s", when, result)
				}
				c.same(before, when)
				c.m.MustSh(`systemctl is-active runs; ! systemctl is-active new; ! tr '\0' '\n' <"/proc/$(systemctl show -P MainPID runs)/environ" | grep -qx A=b`)
			}
			t.Logf("killed at steps up to %d", step-2)
			if step < 80 {
				t.Errorf("there were %d steps only", step-2)
			}
		})
	}
}

// When the disk is full, or fails, at any step that it writes to its journal, a
// run says so and does not go on with that change; the next run does the rest, and
// both can be taken back. The two faults take turns.
func TestFaultAtEveryStep(t *testing.T) {
	t.Parallel()
	for i, fault := range []struct{ errno, says string }{{"ENOSPC", "no space left on device"}, {"EIO", "input/output error"}} {
		t.Run(fault.errno, func(t *testing.T) {
			t.Parallel()
			c := newNodeCrash(t)
			before, after := c.undisturbed()
			c.everyStep(i+1, 2, fault.errno, fault.says, []string{"apply", "--retry-held", "/root/good.yaml"}, func(when string) {
				if next := c.m.Agent("apply", "--retry-held", "/root/good.yaml"); next.Code != 0 {
					t.Fatalf("%s: the next run: %s", when, next)
				}
				c.same(after, when)
				c.takeAllBack(before, when)
			})
		})
	}
}

// The same of a roll-back: made again, it comes to its end.
func TestFaultOnTheWayBack(t *testing.T) {
	t.Parallel()
	c := newNodeCrash(t)
	before, _ := c.undisturbed()
	ready := func() {
		if result := c.m.Agent("apply", "--retry-held", "/root/good.yaml"); result.Code != 0 {
			t.Fatal(result)
		}
	}
	ready()
	c.everyStep(1, 1, "ENOSPC", "no space left on device", []string{"rollback"}, func(when string) {
		c.takeAllBack(before, when)
		ready()
	})
}

// everyStep lets the writing of each step of a run to its journal fail, or of every so
// many from the first on.
func (c *nodeCrash) everyStep(first, stride int, errno, says string, argv []string, then func(when string)) {
	c.Helper()
	step := first
	for ; ; step += stride {
		when := fmt.Sprintf("%s at step %d of %s", errno, step, argv[0])
		result := c.strike(step, "-errno", errno, argv...)
		if !strings.Contains(result.Stderr, "faults: struck") {
			break
		}
		if result.Code == 0 || !strings.Contains(result.Stdout+result.Stderr, says) {
			c.Errorf("%s: it does not say so: %s", when, result)
		}
		then(when)
	}
	c.Logf("%s at steps up to %d of %s", errno, step-stride, argv[0])
	if step < 40 {
		c.Errorf("there were %d steps only", step-1)
	}
}

// takeAllBack takes back whatever can be taken back.
func (c *nodeCrash) takeAllBack(before boot.Snapshot, when string) {
	c.Helper()
	back := c.m.Agent("rollback")
	for back.Code == 0 {
		back = c.m.Agent("rollback")
	}
	if !strings.Contains(back.Stderr, "there is no run in the journal to take back") {
		c.Errorf("%s: rollback: %s", when, back)
	}
	c.same(before, when+", and taken back")
}

// A nodeCrash is a node on which runs are killed, again and again.
type nodeCrash struct {
	*testing.T
	m *boot.Machine
}

func newNodeCrash(t *testing.T) *nodeCrash {
	m := ready(t)
	binaries, err := faults()
	if err != nil {
		t.Fatal(err)
	}
	m.WriteFile("/root/faults", string(binaries["faults"]), 0o755)
	m.MustSh(beforeCrashing)
	check := "checks: {works: {command: [test, '!', -e, %s], within: 500ms}}\n"
	m.WriteFile("/root/good.yaml", "version: 1\n"+crashing+fmt.Sprintf(check, "/srv/none"), 0o600)
	m.WriteFile("/root/bad.yaml", "version: 1\n"+crashing+fmt.Sprintf(check, "/srv/dir/new"), 0o600)
	return &nodeCrash{t, m}
}

// undisturbed is the node before and after a run that nothing befalls; it is as
// before then.
func (c *nodeCrash) undisturbed() (before, after boot.Snapshot) {
	c.Helper()
	before = c.look()
	if result := c.m.Agent("apply", "/root/good.yaml"); result.Code != 0 {
		c.Fatal(result)
	}
	after = c.look()
	c.takeBack(before, "undisturbed")
	return before, after
}

// killed runs the agent, kills it at a step of the journal, and says whether it
// came to that.
func (c *nodeCrash) killed(step int, args ...string) bool {
	c.Helper()
	result := c.strike(step, "", "", args...)
	if result.Code != 137 && !strings.Contains(result.Stderr, "faults: not struck") {
		c.Fatal(result)
	}
	return result.Code == 137
}

// strike runs the agent and strikes at a step of the journal.
func (c *nodeCrash) strike(step int, flag, value string, args ...string) boot.Result {
	c.Helper()
	argv := []string{"/root/faults", "-nth", fmt.Sprint(step), "-calls", "write", "-path", stateDir + "/journal/0"}
	if flag != "" {
		argv = append(argv, flag, value)
	}
	result := c.m.Run(append(append(argv, "--", boot.AgentPath), args...)...)
	if strings.Contains(result.Stdout+result.Stderr, "canary") {
		c.Errorf("it shows a secret: %s", result)
	}
	return result
}

// look is a snapshot in which the order of lines in the user database counts for
// nothing: it tells who was made first.
func (c *nodeCrash) look() boot.Snapshot {
	c.Helper()
	snapshot := c.m.Snapshot(crashPlaces...).WithoutTimes()
	tables := []string{"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"}
	sums := strings.Fields(c.m.MustSh("for f in " + strings.Join(tables, " ") + "; do sort $f | sha256sum | cut -c-64; done"))
	for i, name := range tables {
		entry := snapshot[name]
		entry.Sum = sums[i]
		snapshot[name] = entry
	}
	return snapshot
}

func (c *nodeCrash) same(want boot.Snapshot, when string) {
	c.Helper()
	is := c.look()
	for _, name := range []string{"/var/spool/cron/crontabs/daemon"} { // it has the time of its making
		if entry, ok := is[name]; ok {
			entry.Sum, entry.Size = want[name].Sum, want[name].Size
			is[name] = entry
		}
	}
	if diff := want.Diff(is); diff != "" {
		c.Errorf("%s, the node is another:\n%s", when, diff)
	}
}

func (c *nodeCrash) takeBack(before boot.Snapshot, when string) {
	c.Helper()
	if result := c.m.Agent("rollback"); result.Code != 0 {
		c.Fatalf("%s: rollback: %s", when, result)
	}
	c.same(before, when+", and taken back")
	c.m.MustSh("systemctl is-active runs; ! systemctl is-active new; ! id comes")
}
