package test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// serveUnit is a service as install makes it, hardening aside, in more of a hurry. Its
// output is a file, one run a line.
func serveUnit(flags string) string {
	return `[Service]
Type=notify
ExecStart=/usr/local/bin/mnw-agent serve --json ` + flags + ` /root/manifest.yaml
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=1s
Restart=on-failure
RestartSec=100ms
KillMode=mixed
TimeoutStopSec=1s
StandardOutput=append:/root/runs
StandardError=journal
`
}

// served starts the agent as a service with a manifest.
func served(m *boot.Machine, manifest, flags string) {
	m.WriteFile(manifestPath, "version: 1\n"+manifest, 0o600)
	m.WriteFile("/etc/systemd/system/serve.service", serveUnit(flags), 0o644)
	m.Must("systemctl", "daemon-reload")
	m.Must("systemctl", "start", "serve") // until it is ready
}

// property is what systemd says of the service.
func property(m *boot.Machine, name string) string {
	return m.Must("systemctl", "show", "--property="+name, "--value", "serve")
}

// until waits until a script succeeds; m's own limit ends a wait that is in vain.
func until(m *boot.Machine, script string) {
	m.MustSh("until { " + script + "; } >/dev/null 2>&1; do sleep 0.1; done")
}

// results is how the runs so far ended, or "none" for one that could not begin.
func results(t *testing.T, m *boot.Machine) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(m.ReadFile("/root/runs")) {
		r := struct {
			Result agent.Result `json:"result"`
			Errors []any        `json:"errors"`
		}{}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if r.Errors != nil {
			r.Result = "none"
		}
		all = append(all, string(r.Result))
	}
	return all
}

// runsAre waits until as many runs are told, and says how they must have ended.
func runsAre(t *testing.T, m *boot.Machine, want ...string) {
	t.Helper()
	until(m, fmt.Sprintf("test $(wc -l </root/runs) -ge %d", len(want)))
	if got := results(t, m); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("the runs ended %v, want %v", got, want)
	}
}

// With an hour between runs, there is one at once, one when somebody asks for it, and
// one when the manifest or a file beside it has changed, however often it was written.
// A manifest that is wrong is told, and nothing is applied until it is mended.
func TestServeOnChange(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/root/motd", "hello\n", 0o600)
	const manifest = "files: {/srv/motd: {source: motd}}\n"
	m.Must("systemctl", "log-level", "debug")
	served(m, manifest, "--interval 1h --metrics-file /root/m.prom")
	if code := m.Run("curl", "-sS", "--fail", "localhost:9464/healthz"); code.Code != 0 {
		t.Errorf("it is ready before it listens: %s", code)
	}
	runsAre(t, m, "changed")

	m.Must("systemctl", "reload", "serve")
	runsAre(t, m, "changed", "converged")
	m.MustSh("for i in 1 2 3 4 5 6; do echo $i >/root/motd; sleep 0.3; done")
	until(m, "grep -q 6 /srv/motd")
	runsAre(t, m, "changed", "converged", "changed")

	m.MustSh("echo drifted >/srv/motd")
	m.WriteFile(manifestPath, "version: 1\nfiels: {}\n", 0o600)
	runsAre(t, m, "changed", "converged", "changed", "none")
	m.Must("systemctl", "reload", "serve")
	runsAre(t, m, "changed", "converged", "changed", "none", "none")
	if text := m.ReadFile("/srv/motd"); text != "drifted\n" {
		t.Errorf("while the manifest was wrong, this was applied: %s", text)
	}
	page := m.Must("curl", "-sS", "localhost:9464/")
	if !strings.Contains(page, "unknown section") {
		t.Errorf("the page does not tell that the manifest is wrong: %s", page)
	}
	until(m, "systemctl show --property=StatusText serve | grep 'no run: /root/manifest.yaml:2:1: unknown section'")
	if got := m.Must("curl", "-sS", "localhost:9464/metrics"); got != strings.TrimSpace(m.ReadFile("/root/m.prom")) ||
		!strings.Contains(got, `mnw_agent_runs_total{mode="apply",result="failed"} 2`) {
		t.Errorf("the metrics: %s", got)
	}
	m.WriteFile(manifestPath, "version: 1\n"+manifest, 0o600)
	until(m, "grep -q 6 /srv/motd")
	runsAre(t, m, "changed", "converged", "changed", "none", "none", "changed")

	until(m, "systemctl show --property=StatusText --value serve | grep -q ' changed: 1 resource'")
	m.Must("journalctl", "--sync")
	told := m.MustSh("journalctl --output=cat | grep 'serve.service: Got notification'")
	if strings.Count(told, "RELOADING=1, MONOTONIC_USEC=") != 2 || strings.Count(told, "READY=1") != 3 {
		t.Errorf("systemd was told: %s", told)
	}
	if property(m, "NRestarts") != "0" || property(m, "ActiveState") != "active" {
		t.Error("the service was restarted, or is not active")
	}
}

// Drift is corrected within an interval, whatever the runs between have come to.
func TestServeInterval(t *testing.T) {
	t.Parallel()
	m := ready(t)
	served(m, "files: {/srv/motd: {content: hello}, /srv/bad: {content: x, owner: nosuchuser}}\n", "--interval 1s --wait 0s")
	for _, break_ := range []string{
		"rm /srv/motd", // drift
		"mkdir /srv/away; mv /root/manifest.yaml /srv/away; rm /srv/motd", // and nothing to apply
	} {
		until(m, "test -e /srv/motd")
		m.MustSh(break_)
		if strings.Contains(break_, "away") {
			until(m, "grep -q 'no such file' /root/runs")
			m.MustSh("test ! -e /srv/motd; mv /srv/away/manifest.yaml /root/")
		}
		until(m, "grep -q hello /srv/motd")
	}
	held := m.Command(t.Context(), "flock", stateDir+"/lock", "sleep", "infinity")
	if err := held.Start(); err != nil {
		t.Fatal(err)
	}
	until(m, "grep -q 'another run holds the lock' /root/runs")
	m.MustSh("rm /srv/motd; pkill -x sleep")
	_ = held.Wait()
	until(m, "grep -q hello /srv/motd")
	if property(m, "NRestarts") != "0" {
		t.Error("the service was restarted")
	}
	for _, result := range results(t, m) {
		if result != "failed" && result != "none" { // /srv/bad fails each time
			t.Errorf("a run ended %s", result)
		}
	}
}

// A run that is taken back ends nothing, and the manifest is held from then on until
// it changes.
func TestServeHolds(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("touch /srv/ok")
	const check = "checks: {ok: {command: [test, -e, /srv/ok], within: 1s}}\n"
	served(m, check+"files: {/srv/ok: {state: absent}}\n", "--interval 1h")
	runsAre(t, m, "rolled_back")
	m.Must("systemctl", "reload", "serve")
	runsAre(t, m, "rolled_back", "held")
	if page := m.Must("curl", "-sS", "localhost:9464/"); !strings.Contains(page, "Held since run 1 was taken back") {
		t.Errorf("the page does not say that the manifest is held: %s", page)
	}
	until(m, "systemctl show --property=StatusText serve | grep 'held since run 1 was taken back'")
	m.Must("curl", "-sS", "--fail", "localhost:9464/healthz") // the agent is well
	m.WriteFile(manifestPath, "version: 1\n"+check+"files: {/srv/ok: {content: fine}}\n", 0o600)
	runsAre(t, m, "rolled_back", "held", "changed")
}

// The watchdog ends a service that hangs, and one that is well is fed.
func TestServeWatchdog(t *testing.T) {
	t.Parallel()
	m := ready(t)
	served(m, "files: {/srv/motd: {content: hello}}\n", "--interval 1h --listen none")
	runsAre(t, m, "changed")
	first := pid(m, "serve")
	m.MustSh("sleep 3") // the time of the watchdog, three times
	if pid(m, "serve") != first {
		t.Fatal("it was ended though it was well")
	}
	m.MustSh("kill -STOP " + first)
	until(m, "test $(systemctl show --property=NRestarts --value serve) -ge 1 && systemctl is-active serve")
	if !strings.Contains(m.MustSh("journalctl --sync; journalctl --unit=serve"), "Watchdog timeout") || pid(m, "serve") == first {
		t.Error("it was not the watchdog")
	}
	runsAre(t, m, "changed", "converged")
	if listening := m.MustSh("cat /proc/net/tcp /proc/net/tcp6"); strings.Contains(listening, ":24F8 ") {
		t.Errorf("with --listen none it listens: %s", listening)
	}
}

// A stop during a run brings the change in hand to its end, though that takes longer
// than the service has, and is no failure.
func TestServeStops(t *testing.T) {
	t.Parallel()
	m := ready(t)
	served(m, slowService+"files: {/srv/later: {content: x, after: [unit:slow.service]}}\n", "--interval 1h")
	until(m, "systemctl is-active slow")
	until(m, "curl -sS localhost:9464/metrics | grep -x 'mnw_agent_run_in_progress 1'")
	m.Must("systemctl", "stop", "serve")
	m.MustSh("systemctl is-active slow; test ! -e /srv/later")
	endedWell(t, m, 1)
	runsAre(t, m, "failed")
	m.Must("systemctl", "start", "serve")
	until(m, "test -e /srv/later")
	runsAre(t, m, "failed", "changed")
	m.MustSh("kill -INT " + pid(m, "serve"))
	until(m, "! systemctl is-active serve")
	endedWell(t, m, 2)
}

// endedWell says that the service has ended so often, and never as a failure.
func endedWell(t *testing.T, m *boot.Machine, times int) {
	t.Helper()
	told := m.MustSh("journalctl --sync; journalctl --unit=serve")
	if strings.Count(told, "Deactivated successfully") != times || strings.Contains(told, "exited, code=") {
		t.Errorf("it has not ended well %d times: %s", times, told)
	}
}

// What the service shows is shown to this machine alone, unless it is told otherwise,
// and names are text.
func TestServeShows(t *testing.T) {
	t.Parallel()
	m := ready(t)
	served(m, `
files:
  /srv/fine: {content: x}
  "/srv/<img src=x onerror=alert(1)>": {content: x, owner: nosuchuser}
env_files: {/etc/some.env: {secrets: {S: canary-secret}}}
checks: {down: {tcp: "127.0.0.1:1", within: 1s}}
`, "--interval 1h")
	runsAre(t, m, "failed")
	m.MustSh("grep -q ' 0100007F:24F8 00000000:0000 0A ' /proc/net/tcp; ! grep -q ':24F8 .* 0A ' /proc/net/tcp6; ! grep ' 00000000:24F8 ' /proc/net/tcp")
	page := m.Must("curl", "-sS", "localhost:9464/")
	for _, want := range []string{"2 failed", "&lt;img src=x", "nosuchuser", "down", "file:/srv/fine"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	for what, text := range map[string]string{"page": page, "metrics": m.Must("curl", "-sS", "localhost:9464/metrics")} {
		if strings.Contains(text, "<img") && what == "page" || strings.Contains(text, "canary") {
			t.Errorf("the %s: %s", what, text)
		}
	}
	for ask, want := range map[string]string{"-I /": "200", "/healthz": "200", "/nosuch": "404", "-X POST /": "405", "/metrics": "200"} {
		words := strings.Fields(ask)
		at := words[len(words)-1]
		got := m.Must(append(append([]string{"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"}, words[:len(words)-1]...), "localhost:9464"+at)...)
		if got != want {
			t.Errorf("%s: %s, want %s", ask, got, want)
		}
	}
	open := m.Sh("timeout --signal=TERM 3 mnw-agent serve --listen 0.0.0.0:9465 --interval 1h /root/manifest.yaml")
	if open.Code != 124 || strings.Count(open.Stderr, "is open to the network") != 1 {
		t.Errorf("open to the network: %s", open)
	}
	taken := m.Sh("mnw-agent serve --listen 127.0.0.1:9464 /root/manifest.yaml")
	if taken.Code != 1 || !strings.Contains(taken.Stderr, "address already in use") || taken.Stdout != "" {
		t.Errorf("an address that is taken: %s", taken)
	}
}
