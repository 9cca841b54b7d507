package test

import (
	"cmp"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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

//go:embed prelude.sh
var prelude string

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
	args := append([]string{verb, "--color=never", "--enforce"}, flags...) // the node is put back again and again
	if tr.root != "" {
		args = append(args, "--root", tr.root)
	}
	code, said = agentHere(append(args, tr.manifest)...)
	if strings.Contains(said, "canary") {
		tr.Errorf("%s %s shows a secret:\n%s", verb, flags, said)
	}
	return code, said
}
