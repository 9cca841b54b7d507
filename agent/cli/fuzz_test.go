package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/makenotwork/mnw-agent/agent"
)

// Whatever stands in a file, or a judge or program says, does nothing to the
// terminal: no control character reaches it.
func FuzzPrint(f *testing.F) {
	f.Add("plain", "--- a\n+++ a\n@@ -1 +1 @@\n-x\n+y\n", "two\nlines")
	f.Add("\x1b[2J", "+\x9b2J\r\n-\x07", "\u009b\x7f\x00")
	f.Add("\xc2\x9b", "\xff", "a\tb\r")
	f.Fuzz(func(t *testing.T, line, diff, note string) {
		one := agent.ResourceReport{
			ID: "file:" + line, Position: note, Outcome: agent.OutcomeFailed, Error: note, Notes: []string{line},
			Changes: []agent.ChangeReport{{Line: line, Diff: diff}},
		}
		back := &agent.RollbackReport{Because: note, Errors: []string{line}, ByHand: []string{note}, Resources: []agent.ResourceReport{one}}
		r := &agent.Report{
			Result: agent.Failed, Resources: []agent.ResourceReport{one}, Notes: []string{note}, Rollback: back, Recovered: back,
			Checks: []agent.CheckReport{{Check: "check:" + line, Verdict: agent.CheckFailed}},
		}
		var out bytes.Buffer
		a := &app{stdout: &out, stderr: &out, flags: flags{color: "never"}}
		a.printLines(reportLines(r, look{diffs: true, all: true}))
		a.printError(errors.New(note))
		a.printLines(historyLines([]agent.PastRun{{Manifest: line, Because: note}}))
		a.printLines(statusLines(&agent.Status{
			Manifests: []agent.ManifestStatus{{Path: line, Digest: note, Held: &agent.Hold{Because: note}}},
			Runs:      []agent.RunStatus{{Manifest: line, Error: note}}, Resources: []agent.ResourceStatus{{ID: "file:" + line, Why: note}},
			Checks: []agent.CheckStatus{{Check: line, Error: note}}, Outage: &agent.LastOutage{Check: line}, Notes: []string{note},
		}, false, time.Now()))
		a.printLines(pastRunLines(agent.PastRun{Manifest: note}, []agent.PastChange{{Resource: line, Made: line}}))
		if text := out.String(); !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Fatalf("%q", text)
		}
	})
}
