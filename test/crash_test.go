package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// crashes declares a change of every kind that is made by the agent's own system
// calls: in a tree, users and crontabs are files, too.
const crashes = `
users:
  comes: {uid: 2001, groups: [audio], home: /srv/dir}
  daemon: {shell: /bin/sh}
groups: {along: {gid: 2002}}
directories:
  /srv/dir: {owner: comes, group: along, mode: 2750}
  /srv/goes: {state: absent, recursive: true}
files:
  /srv/dir/new: {content: "new\n", owner: comes}
  /etc/changes: {content: "changed\n"}
  /etc/mode: {owner: daemon, mode: 0600}
  /etc/goes: {state: absent}
  /etc/lines: {lines: [one, two]}
env_files: {/etc/some.env: {set: {A: b}, secrets: {S: canary-secret}}}
symlinks: {/etc/link: {target: changes}}
crontabs: {daemon: {jobs: {j: {schedule: "@daily", command: /bin/true}}}}
retired: {/srv/retires: {}}
`

const beforeCrash = `
mkdir -p "$ROOT/srv/goes/deep"; echo one >"$ROOT/srv/goes/one"; echo two >"$ROOT/srv/goes/deep/two"
echo old >"$ROOT/etc/changes"; echo mode >"$ROOT/etc/mode"; echo goes >"$ROOT/etc/goes"; echo zero >"$ROOT/etc/lines"
printf '# a comment\nA=a\nB=b\n' >"$ROOT/etc/some.env"; ln -s mode "$ROOT/etc/link"
mkdir -p "$ROOT/var/spool/cron/crontabs"
mkdir -p "$ROOT/srv/retires/below"; echo kept >"$ROOT/srv/retires/below/file"; chown 1:2 "$ROOT/srv/retires"; chmod 2775 "$ROOT/srv/retires"
`

// faults is the program that strikes at system calls, and the agent.
var faults = sync.OnceValues(func() (programs map[string][]byte, err error) {
	dir, err := os.MkdirTemp("", "mnw-crash-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	programs = map[string][]byte{}
	for _, program := range []string{"test/faults", "agent/mnw-agent"} {
		build := exec.Command("go", "build", "-o", dir+"/", "github.com/makenotwork/mnw-agent/"+program)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", program, err, out)
		}
		name := filepath.Base(program)
		if programs[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return programs, nil
})

// Killed just before any of the system calls that write, or with any of them
// failing, a run leaves every file old or new, and the next one converges and
// leaves nothing behind. The two failures take turns at the calls.
func TestCrashAtEveryCall(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("owners are part of it: it needs root")
	}
	t.Parallel()
	programs := crashPrograms(t)
	for what, f := range turns {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, programs, crashes)
			c.everyCall(what, f, c.pristine, []string{"apply", c.manifest}, c.recovers)
		})
		t.Run(what+" on the way back", func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, programs, crashes)
			c.reset(c.pristine)
			c.agent(0, "apply", c.manifest)
			applied := c.root + "-applied"
			c.sh(fmt.Sprintf("cp -a %s %s", c.root, applied))
			c.everyCall(what, f, applied, []string{"rollback"}, c.goesBack)
		})
	}
}

// A fault is what befalls a run, at every so many of its calls from the first on.
type fault struct {
	args          []string
	first, stride int
}

var turns = map[string]fault{
	"killed": {nil, 1, 1}, "ENOSPC": {[]string{"-errno", "ENOSPC"}, 1, 2}, "EIO": {[]string{"-errno", "EIO"}, 2, 2},
}

// everyCall strikes a run of the agent, which begins with a copy of a tree, at its
// calls.
func (c *crash) everyCall(what string, f fault, tree string, argv []string, then func(when string)) {
	n := f.first
	for ; c.struck(tree, append(f.args, "-nth", fmt.Sprint(n)), argv); n += f.stride {
		when := fmt.Sprintf("%s at call %d (%s)", what, n, c.where)
		c.whole(when)
		then(when)
	}
	if n < 50 {
		c.Errorf("there were %d calls only", n-1)
	}
	c.Logf("%s, %s: calls up to %d", argv[0], what, n-f.stride)
}

// A crash is one tree on which runs are struck, again and again.
type crash struct {
	*testing.T
	programs, root, pristine, manifest string
	before, after                      boot.Snapshot
	where                              string
}

// crashPrograms is the directory of those programs.
func crashPrograms(t *testing.T) string {
	t.Helper()
	binaries, err := faults()
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	for name, binary := range binaries {
		if err := os.WriteFile(filepath.Join(programs, name), binary, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return programs
}

func newCrash(t *testing.T, programs, manifest string) *crash {
	c := &crash{T: t, programs: programs, pristine: sandbox(t)}
	c.root = c.pristine + "-crashing"
	c.manifest = filepath.Join(t.TempDir(), "manifest.yaml")
	c.sh("ROOT=" + c.pristine + beforeCrash + beforeMoves)
	if err := os.WriteFile(c.manifest, []byte("version: 1\n"+manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	c.reset(c.pristine)
	c.before = c.look()
	c.agent(0, "apply", c.manifest)
	c.after = c.look()
	return c
}

func (c *crash) reset(tree string) {
	c.sh(fmt.Sprintf("rm -rf %[1]s; cp -a %[2]s %[1]s", c.root, tree))
}

func (c *crash) sh(script string) {
	c.Helper()
	if out, err := exec.Command("sh", "-euc", script).CombinedOutput(); err != nil {
		c.Fatalf("%v\n%s", err, out)
	}
}

func (c *crash) look() boot.Snapshot {
	c.Helper()
	snapshot, err := boot.Look(c.root, stateDir, "/var/lib")
	if err != nil {
		c.Fatal(err)
	}
	for name, entry := range snapshot {
		if leftBeside.MatchString(name) {
			delete(snapshot, name)
			continue
		}
		if !accounts.MatchString(name) && !strings.HasPrefix(name, spool) {
			continue
		}
		if text, err := os.ReadFile(c.root + name); err == nil {
			lines := strings.SplitAfter(string(withoutHeader(text)), "\n")
			slices.Sort(lines)
			entry.Size, entry.Sum = 0, strings.Join(lines, "")
			snapshot[name] = entry
		}
	}
	return snapshot.WithoutTimes()
}

func (c *crash) agent(status int, argv ...string) string {
	c.Helper()
	out, err := exec.Command(c.programs+"/mnw-agent", append(argv, "--root", c.root)...).CombinedOutput()
	if code := exitCode(err); code != status {
		c.Errorf("%s ends with %d: %s", argv[0], code, out)
	}
	return string(out)
}

func exitCode(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return 0
}

// struck runs the agent on a copy of a tree and says whether it was struck.
func (c *crash) struck(tree string, fault, argv []string) bool {
	c.Helper()
	c.reset(tree)
	args := append(fault, append([]string{"--", c.programs + "/mnw-agent"}, argv...)...)
	out, _ := exec.Command(c.programs+"/faults", append(args, "--root", c.root)...).CombinedOutput()
	_, where, struck := strings.Cut(string(out), "faults: struck: ")
	c.where = strings.TrimSpace(strings.ReplaceAll(where, c.root, ""))
	if !struck && !strings.Contains(string(out), "faults: not struck") {
		c.Fatalf("%s", out)
	}
	if strings.Contains(string(out), "canary") {
		c.Errorf("it shows a secret: %s", out)
	}
	return struck
}

// whole fails unless every file is old or new.
func (c *crash) whole(when string) {
	c.Helper()
	for name, is := range c.look() {
		was, had := c.before[name]
		will, has := c.after[name]
		whole := had && is.Sum == was.Sum && is.Target == was.Target || has && is.Sum == will.Sum && is.Target == will.Target
		if (had || has) && !whole && !accounts.MatchString(name) {
			c.Errorf("%s: %s is neither old nor new", when, name)
		}
	}
}

// recovers fails unless the next run makes all new, and leaves nothing behind.
func (c *crash) recovers(when string) {
	c.Helper()
	said := c.agent(0, "apply", c.manifest)
	if diff := c.after.Diff(c.look()); diff != "" {
		c.Errorf("%s: the next run leaves another tree:\n%s%s", when, diff, said)
	}
	c.tidy(when)
}

// goesBack fails unless the next roll-back makes all old, if it is not so already.
func (c *crash) goesBack(when string) {
	c.Helper()
	out, err := exec.Command(c.programs+"/mnw-agent", "rollback", "--root", c.root).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "there is no run in the journal to take back") {
		c.Errorf("%s: the next roll-back: %v: %s", when, err, out)
	}
	if diff := c.before.Diff(c.look()); diff != "" {
		c.Errorf("%s: the next roll-back leaves another tree:\n%s%s", when, diff, out)
	}
	c.tidy(when)
}

func (c *crash) tidy(when string) {
	c.Helper()
	left, _ := filepath.Glob(c.root + stateDir + "/*.new")
	if len(left) > 0 {
		c.Errorf("%s: left behind: %s", when, left)
	}
}

// accounts are files that are changed in several steps, each of which leaves them
// whole.
var accounts = regexp.MustCompile(`^/etc/(passwd|group|shadow|gshadow)$`)
