package test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
)

// As a service, the agent tells systemd's journal what it tells people, in fields
// of their own, and keeps its report.
func TestJournald(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, `version: 1
files: {/srv/good: {content: x}, /srv/bad: {content: x, owner: nosuchuser}}
env_files: {/etc/some.env: {secrets: {S: canary-secret}}}
`, 0o600)
	ran := m.Run("systemd-run", "--wait", "--quiet", "--unit=once", "mnw-agent", "apply", manifestPath)
	if ran.Code != 1 {
		t.Fatal(ran)
	}
	m.Must("journalctl", "--sync")
	entries := func(match string) []map[string]any {
		var list []map[string]any
		for line := range strings.Lines(m.Must("journalctl", "--output=json", "--all", "_SYSTEMD_UNIT=once.service", match) + "\n") {
			entry := map[string]any{}
			if err := json.Unmarshal([]byte(line), &entry); err == nil {
				list = append(list, entry)
			}
		}
		return list
	}
	for id, want := range map[string]string{"file:/srv/good": "changed", "file:/srv/bad": "failed"} {
		list := entries("MNW_AGENT_RESOURCE=" + id)
		if len(list) != 1 || list[0]["MNW_AGENT_OUTCOME"] != want || list[0]["MNW_AGENT_RESULT"] != "failed" {
			t.Errorf("%s: %v", id, list)
		}
	}
	runs := entries("MNW_AGENT_MODE=apply")
	var sent, kept agent.Report
	last, _ := runs[len(runs)-1]["MNW_AGENT_REPORT"].(string)
	if err := json.Unmarshal([]byte(last), &sent); err != nil || sent.Result != agent.Failed || len(sent.Resources) != 3 {
		t.Errorf("the report is %q: %v", last, err)
	}
	if err := json.Unmarshal([]byte(m.ReadFile(stateDir+"/report.json")), &kept); err != nil || !kept.Started.Equal(sent.Started) {
		t.Errorf("the report that is kept is another one: %v", err)
	}
	if all := m.Must("journalctl", "--all", "--output=json", "_SYSTEMD_UNIT=once.service"); strings.Contains(all, "canary") {
		t.Errorf("it shows a secret: %s", all)
	}
	by := m.Agent("apply", manifestPath)
	if strings.Contains(by.Stderr, "journal") {
		t.Error(by)
	}
}
