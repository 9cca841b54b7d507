package test

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent/cli"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// A trial is a case on one tree.
type trial struct {
	*testing.T
	*testcase
	root     string // of the tree; "" for the node itself
	manifest string
	tables   map[string]string // /etc/passwd and /etc/group as they were
}

// try holds the laws against a case on the tree at a root.
func try(t *testing.T, c *testcase, root string) {
	if why := c.unfit(root); why != "" {
		t.Skip(why)
	}
	tr := &trial{T: t, testcase: c, root: root}
	tr.writeManifest()
	if err := os.MkdirAll(filepath.Join(root, stateDir), 0o700); err != nil {
		t.Fatal(err)
	}
	tr.script("before.sh")
	before := tr.look()
	tr.tables = map[string]string{}
	for _, name := range []string{"/etc/passwd", "/etc/group"} {
		tr.tables[name] = string(tr.read(name))
	}

	tr.survivesEncoding()
	tr.plans(before)
	if c.error != nil {
		tr.refuses(before)
		return
	}
	steps := tr.steps()
	tr.applies(before, steps)
	after := tr.look()
	tr.undoes(steps, before)
	for k := range steps {
		tr.convergesAfter(steps[:k], after)
		tr.undoes(steps, before)
	}
}

// writeManifest puts the manifest and its files where only root may write.
func (tr *trial) writeManifest() {
	dir := tr.TempDir()
	for _, f := range tr.file.Files {
		at := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			tr.Fatal(err)
		}
		if err := os.WriteFile(at, f.Data, 0o644); err != nil {
			tr.Fatal(err)
		}
	}
	tr.manifest = filepath.Join(dir, "manifest.yaml")
}

// prelude is what the scripts of cases have besides the shell's own.
const prelude = `umask 022
owner() { # USER:GROUP FILE…
	[ "$(id -u)" != 0 ] || chown -h "$@"
}
user() { # NAME ID [HOME]: with a group of the same name and number
	echo "$1:x:$2:$2::${3:-/home/$1}:/bin/sh" >>"$ROOT/etc/passwd"
	echo "$1:*:19700:0:99999:7:::" >>"$ROOT/etc/shadow"
	echo "$1:x:$2:" >>"$ROOT/etc/group"
	echo "$1:!::" >>"$ROOT/etc/gshadow"
}
member() { # USER GROUP
	sed -i "s/^$2:.*:./&,/; s/^$2:.*/&$1/" "$ROOT/etc/group" "$ROOT/etc/gshadow"
}
crontab_of() { # USER; the table is the standard input
	if [ -z "$ROOT" ]; then
		crontab -u "$1" -
	else
		file="$ROOT/var/spool/cron/crontabs/$1"
		(umask 077; cat >"$file")
		owner "$(sed -n "s/^$1:[^:]*:\([0-9]*\):.*/\1/p" "$ROOT/etc/passwd")" "$file"
	fi
}
`

// script runs one of the case's scripts, if it has it.
func (tr *trial) script(name string) {
	tr.Helper()
	cmd := exec.Command("sh", "-euc", prelude+tr.section(name))
	cmd.Env = append(os.Environ(), "ROOT="+tr.root)
	cmd.Dir = cmp.Or(tr.root, "/")
	if out, err := cmd.CombinedOutput(); err != nil {
		tr.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// apart is what no case is about: what belongs to the kernel, the agent and the
// programs that run, what the tools for users leave beside its tables, and the
// ranges of subordinate ids that they hand out.
var apart = []string{"/proc", "/sys", "/dev", "/run", "/tmp", "/usr", "/boot", "/root", stateDir,
	"/var/lib/systemd", "/var/lib/caddy", "/var/lib/dpkg", "/var/lib/apt", "/var/log", "/var/cache", "/var/tmp"}

var leftBeside = regexp.MustCompile(`^/etc/(\w+-|\.pwd\.lock|sub[ug]id)$`)

func (tr *trial) look() boot.Snapshot {
	tr.Helper()
	snapshot, err := boot.Look(tr.root, apart...)
	if err != nil {
		tr.Fatal(err)
	}
	for name, entry := range snapshot {
		if leftBeside.MatchString(name) {
			delete(snapshot, name)
		} else if text, records := tr.records(name); records {
			entry.Size, entry.Sum = 0, text
			snapshot[name] = entry
		}
	}
	return snapshot
}

// records is what counts of a table that is shared with everybody who changes
// it: of the user database its lines in whatever order, and of a crontab all but
// the lines that crontab(1) puts above it, with the time.
func (tr *trial) records(name string) (text string, ok bool) {
	tr.Helper()
	switch {
	case slices.Contains([]string{"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"}, name):
		lines := strings.SplitAfter(string(tr.read(name)), "\n")
		slices.Sort(lines)
		return strings.Join(lines, ""), true
	case strings.HasPrefix(name, spool):
		return string(withoutHeader(tr.read(name))), true
	}
	return "", false
}

// spool is where the crontabs of users are.
const spool = "/var/spool/cron/crontabs/"

// same fails when the tree is no longer what it was.
func (tr *trial) same(before boot.Snapshot, when string) {
	tr.Helper()
	if diff := before.Diff(tr.look()); diff != "" {
		tr.Errorf("%s, the tree is another:\n%s", when, diff)
	}
}

// agent runs the agent on the tree. No secret may show in what it says.
func (tr *trial) agent(verb string, flags ...string) (code int, said string) {
	tr.Helper()
	args := append([]string{verb, "--color=never"}, flags...)
	if tr.root != "" {
		args = append(args, "--root", tr.root)
	}
	var stdout, stderr bytes.Buffer
	code = cli.Main(append(args, tr.manifest), &stdout, &stderr)
	said = stdout.String() + stderr.String()
	for word := range strings.FieldsSeq(said) {
		if strings.Contains(word, "canary") {
			tr.Errorf("%s %s shows a secret:\n%s", verb, flags, said)
			break
		}
	}
	return code, said
}

// plans holds laws 1 and 2, and the plan against the one expected.
func (tr *trial) plans(before boot.Snapshot) {
	tr.Helper()
	_, said := tr.agent("plan")
	if again, said2 := tr.agent("plan"); shown(said2) != shown(said) {
		tr.Errorf("planned again (exit %d):\n%s\nat first:\n%s", again, said2, said)
	}
	tr.agent("plan", "--json")
	if readOnly := tr.planReadOnly(); os.Geteuid() == 0 && shown(readOnly) != shown(said) {
		tr.Errorf("planned on a read-only tree:\n%s\nat first:\n%s", readOnly, said)
	}
	tr.same(before, "planned")
	if tr.error != nil {
		return
	}
	got, want := shown(said), tr.section("plan")
	if *update && got != want {
		tr.record(tr.T, "plan", got)
	} else if os.Geteuid() != 0 {
		want = withoutOwners(want)
	}
	if got != want && !*update {
		tr.Errorf("the plan is\n%swant\n%s", said, want)
	}
}

// planReadOnly is what plan says when nothing can be written to the tree.
func (tr *trial) planReadOnly() string {
	tr.Helper()
	const script = `mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"`
	root := cmp.Or(tr.root, "/")
	cmd := exec.Command("unshare", "--mount", "sh", "-euc", script, "sh", root,
		"mnw-agent", "plan", "--color=never", "--root", root, "--state-dir", tr.TempDir(), tr.manifest)
	said, _ := cmd.CombinedOutput()
	return string(said)
}

var (
	notes   = regexp.MustCompile(`(?m)^ *note: .*\n`)
	runs    = regexp.MustCompile(`(?m)^. run:.*\n(    .*\n)*`)
	summary = regexp.MustCompile(`(?ms)^\d+ resources?[,:].*`)

	owners       = regexp.MustCompile(`(\(\d{4}) \S+:\S+\)`)
	ownersChange = regexp.MustCompile(`, (owner|group) \S+ -> [^\s,]+`)
)

// shown is what a plan shows of the resources; not of what runs, which no
// sandbox has.
func shown(said string) string {
	for _, part := range []*regexp.Regexp{notes, runs, summary} {
		said = part.ReplaceAllString(said, "")
	}
	return said
}

func withoutOwners(plan string) string {
	return ownersChange.ReplaceAllString(owners.ReplaceAllString(plan, "$1)"), "")
}

// refuses holds that a run which is refused says why and changes nothing.
func (tr *trial) refuses(before boot.Snapshot) {
	tr.Helper()
	code, said := tr.agent("apply")
	if code != 1 && code != 64 {
		tr.Errorf("exit %d", code)
	}
	for _, text := range tr.error {
		if !strings.Contains(said, text) {
			tr.Errorf("apply does not say %q, but\n%s", text, said)
		}
	}
	tr.same(before, "refused")
}
