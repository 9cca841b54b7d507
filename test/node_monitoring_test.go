package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// watchedManifest is what the node in these tests is made of: what somebody will
// edit, what is only audited, what somebody will fight for, and what must work.
const watchedManifest = `version: 1
sudoers:
  web: {content: "caddy ALL=(root) NOPASSWD: /bin/true\n"}
directories:
  /srv/audited: {mode: 0755, audit: true}
files:
  /etc/fought: {content: "ours\n"}
checks:
  works: {command: [test, "!", -e, /srv/audited/broken], within: 100ms}
`

// fighter wants a file as it wants it, between the runs of the agent: one who is
// there while a run proves what it did makes that run fail.
const fighter = `while sleep 1; do
	test "$(systemctl show --property=ActiveState --value mnw-agent.service)" = activating || echo theirs >/etc/fought
done`

// installed has a timer apply a manifest.
func (w watched) installed(manifest string) {
	w.t.Helper()
	w.WriteFile(manifestPath, manifest, 0o600)
	w.InstallAgent()
	w.Must(boot.AgentPath, "install", manifestPath, "--every", every.String())
}

// From somebody's edit to the person who should know, with nothing in between that
// is not the real thing: a timer of systemd, node_exporter, Prometheus with the rules
// of the examples, and Alertmanager with its routes.
func TestMonitoring(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.Must("mkdir", "/srv/audited")
	w.installed(watchedManifest)
	for _, step := range []struct {
		what string
		do   func(watched)
	}{
		{"the timer fires by itself, and nobody is told", watched.quiet},
		{"drift reaches the right person", watched.drift},
		{"a new manifest is no drift", watched.intended},
		{"a change that does not work is taken back, and held", watched.rolledBack},
		{"the timer is stopped", watched.stopped},
		{"the metrics file is broken", watched.broken},
	} {
		if !t.Run(step.what, func(t *testing.T) { step.do(watched{w.Machine.For(t), t}) }) {
			return // each begins where the one before ends
		}
	}
}

func (w watched) quiet() {
	w.await(`sum(mnw_agent_runs_total{instance="localhost",group="web",job="node",mode="apply"}) >= 3`)
	if firing := w.query(`ALERTS{alertstate="firing"}`); len(firing) > 0 {
		w.t.Errorf("alerts: %v", firing)
	}
	if said := w.Run("cat", webhookFile).Stdout; said != "" {
		w.t.Errorf("somebody was told: %s", said)
	}
}

// drift is three people at work: one edits sudoers, one opens a directory that is
// only audited, one fights for a file. And something does not work any more.
func (w watched) drift() {
	w.Must("touch", "/srv/audited/broken")
	w.await(`mnw_agent_check_success{check="works"} == 0`)
	edited := time.Now()
	w.MustSh(`echo 'ALL ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/web; chmod 0777 /srv/audited`)
	w.Must("systemd-run", "--unit=fighter", "sh", "-c", fighter)

	w.until("sudoers is not corrected", func() bool { return !strings.Contains(w.ReadFile("/etc/sudoers.d/web"), "ALL ALL") })
	w.t.Logf("corrected after %s", time.Since(edited).Round(100*time.Millisecond))
	w.await(`mnw_agent_changes_total{type="sudoers",cause="drift"} == 1`)
	w.reaches("mail", "MnwAgentCorrectedDrift", map[string]string{"type": "sudoers", "instance": "localhost", "group": "web"})
	w.t.Logf("told after %s", time.Since(edited).Round(100*time.Millisecond))

	w.reaches("mail", "MnwAgentDrift", map[string]string{"type": "directory", "resource": "/srv/audited"})
	w.reaches("wake", "MnwAgentCheckFailing", map[string]string{"check": "works"})
	w.reaches("mail", "MnwAgentFighting", map[string]string{"type": "file"})
	if text := w.ReadFile("/etc/fought"); text != "theirs\n" {
		w.t.Errorf("somebody fights for it, and it is %q", text)
	}
	w.MustSh(`systemctl stop fighter; chmod 0755 /srv/audited; rm /srv/audited/broken`)
}

// intended changes what somebody has edited before, by its manifest.
func (w watched) intended() {
	const drifts = `ALERTS{alertname=~"MnwAgent(CorrectedDrift|Drift|Fighting)",type="sudoers"}`
	w.await(`absent(` + drifts + `)`)
	told := len(w.notices())
	began := time.Now()
	w.WriteFile(manifestPath, strings.Replace(watchedManifest, "/bin/true", "/bin/false", 1), 0o600)
	w.await(`mnw_agent_changes_total{type="sudoers",cause="intended"} == 2`)
	if text := w.ReadFile("/etc/sudoers.d/web"); !strings.Contains(text, "/bin/false") {
		w.t.Errorf("the file is %q", text)
	}

	// A stretch of evaluations, and two more runs.
	runs := w.query(`sum(mnw_agent_runs_total{mode="apply"})`)[0].value
	changed := time.Now()
	w.await(fmt.Sprintf(`sum(mnw_agent_runs_total{mode="apply"}) >= %g`, runs+2))
	w.until("the rules are not evaluated", func() bool {
		return len(w.query(fmt.Sprintf(`count_over_time(mnw_agent:expected[%dms]) >= 8`, time.Since(changed).Milliseconds()))) > 0
	})
	if fired := w.query(fmt.Sprintf(`count_over_time(%s[%dms])`, drifts, time.Since(began).Milliseconds())); len(fired) > 0 {
		w.t.Errorf("drift: %v", fired)
	}
	for _, n := range w.notices()[told:] {
		if n.Status == "firing" && n.Labels["type"] == "sudoers" {
			w.t.Errorf("somebody was told: %v", n)
		}
	}
	if n := w.query(`mnw_agent_changes_total{type="sudoers",cause="drift"}`); len(n) != 1 || n[0].value != 1 {
		w.t.Errorf("counted as drift: %v", n)
	}
}

// rolledBack has a manifest make a file that breaks what works.
func (w watched) rolledBack() {
	w.await(`mnw_agent_check_success{check="works"} == 1`)
	w.WriteFile(manifestPath, strings.Replace(watchedManifest, "files:\n", "files:\n  /srv/audited/broken: {content: x}\n", 1), 0o600)
	w.reaches("mail", "MnwAgentRolledBack", nil)
	w.await(`mnw_agent_runs_total{mode="apply",result="held"} > 0`)
	w.inhibited("MnwAgentHeld")
	w.MustSh("! test -e /srv/audited/broken")
}

func (w watched) stopped() {
	w.Must("systemctl", "stop", "mnw-agent.timer")
	w.reaches("mail", "MnwAgentStale", map[string]string{"instance": "localhost"})
}

func (w watched) broken() {
	w.WriteFile("/var/lib/prometheus/node-exporter/mnw-agent.prom", "mnw_agent_build_info{ 1\n", 0o644)
	w.reaches("mail", "MnwAgentTextfileBroken", map[string]string{"instance": "localhost"})
	w.inhibited("MnwAgentAbsent")
}
