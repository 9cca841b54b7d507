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
	plans := map[string]func() string{
		"again":   func() string { _, said := tr.agent("plan"); return said },
		"at last": func() string { tr.agent("plan", "--json"); _, said := tr.agent("plan"); return said },
	}
	if os.Geteuid() == 0 {
		plans["on a read-only tree"] = tr.planReadOnly
	}
	for when, plan := range plans {
		if got := plan(); shown(got) != shown(said) {
			tr.Errorf("planned %s:\n%s\nat first:\n%s", when, got, said)
		}
	}
	tr.same(before, "planned")
	if tr.error == nil {
		tr.expects("plan", shown(said))
	}
}

// expects fails when something is not as it stands in a section of the case.
func (tr *trial) expects(section, got string) {
	tr.Helper()
	want := tr.section(section)
	got = days.ReplaceAllString(got, ".retired-TODAY")
	switch {
	case *update && got != want:
		tr.record(tr.T, section, got)
	case os.Geteuid() != 0 && withoutOwners(got) == withoutOwners(want):
	case got != want:
		tr.Errorf("%s is\n%swant\n%s", section, got, want)
	}
}

// planReadOnly is what plan says when nothing can be written to the tree.
func (tr *trial) planReadOnly() string {
	tr.Helper()
	const script = `mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"
		if touch "$1/written" 2>/dev/null; then echo it is not read-only; fi; shift; exec "$@"`
	root := cmp.Or(tr.root, "/")
	cmd := exec.Command("unshare", "--mount", "sh", "-euc", script, "sh", root,
		"mnw-agent", "plan", "--color=never", "--root", root, "--state-dir", tr.TempDir(), tr.manifest)
	said, _ := cmd.CombinedOutput()
	return string(said)
}

var (
	notes   = regexp.MustCompile(`(?m)^ *note: .*\n`)
	runs    = regexp.MustCompile(`(?m)^. run:.*\n(    .*\n)*`)
	asked   = regexp.MustCompile(`(?m)^(\? check:|check ).*\n`)
	summary = regexp.MustCompile(`(?ms)^\d+ resources?[,:].*`)
)

// shown is what a plan shows of the resources; not of what runs, or is asked whether it
// works, which no sandbox has.
func shown(said string) string {
	for _, part := range []*regexp.Regexp{notes, runs, asked, summary} {
		said = part.ReplaceAllString(said, "")
	}
	return said
}

// withoutOwners is a plan, or what is there after it, with no owner named.
func withoutOwners(text string) string {
	for part, rest := range map[*regexp.Regexp]string{made: "($1)", given: "", listed: "$1"} {
		text = part.ReplaceAllString(text, rest)
	}
	return text
}

// days are those in the names of what was moved aside.
var days = regexp.MustCompile(`\.retired-\d{8}\b`)

var (
	made   = regexp.MustCompile(`\((\d{4}) \S+:\S+\)`)
	given  = regexp.MustCompile(`, (owner|group) \S+ -> [^\s,]+`)
	listed = regexp.MustCompile(`(?m)^((file|directory) \d{4}|symlink) \S+:\S+`)
)

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
