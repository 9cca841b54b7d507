package test

import (
	"cmp"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/makenotwork/mnw-agent/test/boot"
)

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
