package test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// windowed declares a server that must be stopped for one file, and much besides.
const windowed = `
files:
  /srv/inside/state: {content: "%s"}
  /srv/beside: {content: "%s"}
  /srv/zz: {content: "%s", after: [file:/srv/beside]}
  /srv/later: {content: "%s", after: [unit:makenotwork.service]}
directories: {/srv/inside: {}, /srv/after: {after: [file:/srv/inside/state]}}
env_files: {/opt/makenotwork/.env: {set: {SAYS: "%s"}}}
units:
  cron.service: {dropins: {nice: "[Service]\nEnvironment=SAYS=%s\n"}}
  makenotwork.service:
    needs_stop: [file:/srv/inside/state]
    settle: 200ms
    dropins: {says: "[Service]\nEnvironment=ALSO=%s\n"}
checks: {api: {http: "http://127.0.0.1:3000/api/health", max_outage: 10s}}
`

func saying(word string) string { return strings.ReplaceAll(windowed, "%s", word) }

// client asks the server every few milliseconds until it is told to end, and writes
// down what it heard and when.
const client = `
rm -f /run/enough; (
until test -e /run/enough; do
	if (exec 3<>/dev/tcp/127.0.0.1/3000) 2>/dev/null; then echo "$EPOCHREALTIME 1"; else echo "$EPOCHREALTIME 0"; fi
	sleep 0.005
done ) >/run/heard 2>/dev/null </dev/null &
sleep 0.2
`

// outage is how long the client went without an answer.
func outage(t *testing.T, m *boot.Machine) (seconds float64) {
	t.Helper()
	m.MustSh("until curl -s --fail localhost:3000/api/health; do sleep 0.1; done; sleep 0.2; touch /run/enough; sleep 0.1")
	var lastGood float64
	failing := false
	for line := range strings.Lines(m.ReadFile("/run/heard")) {
		at, verdict, _ := strings.Cut(strings.TrimSpace(line), " ")
		now, err := strconv.ParseFloat(at, 64)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case verdict == "0":
			failing = true
			continue
		case failing:
			seconds += now - lastGood
		}
		lastGood, failing = now, false
	}
	if lastGood == 0 || failing {
		t.Error("the client has no answer at the end, or never had one")
	}
	return seconds
}

// madeAt is when a file was last written.
func madeAt(t *testing.T, m *boot.Machine, name string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", m.Must("stat", "-c", "%y", name))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func server(t *testing.T) *boot.Machine {
	m := boot.Node(t)
	m.Server()
	m.InstallAgent()
	return m
}

// A unit is stopped for what must not change while it runs, and for nothing else: all
// else is done before, or after. The report tells how long it was away.
func TestWindow(t *testing.T) {
	t.Parallel()
	m := server(t)
	if result := run(m, saying("first"), "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	m.WriteFile(manifestPath, "version: 1\n"+saying("second"), 0o600)
	plan := m.Agent("plan", manifestPath)
	for _, line := range []string{
		"stop makenotwork.service: file:/srv/inside/state changes\n", "start makenotwork.service: it was stopped for file:/srv/inside/state\n",
	} {
		if strings.Count(plan.Stdout, line) != 1 {
			t.Errorf("the plan does not say %q: %s", line, plan)
		}
	}
	m.MustSh("until curl -s --fail localhost:3000/api/health; do sleep 0.1; done")
	m.Must("bash", "-c", client)
	since := m.Must("date", "+@%s.%6N")
	result := m.Agent("apply", "--json", manifestPath)
	away := outage(t, m)
	r := report(t, result)
	if result.Code != 0 || len(r.Windows) != 1 || r.Windows[0].Up == nil {
		t.Fatal(result)
	}
	w := r.Windows[0]
	if !slices.Equal(w.For, []string{"file:/srv/inside/state"}) || w.Seconds > away || r.Checks[0].Outage == nil {
		t.Fatalf("the client was without an answer for %.3fs, and the report says %s", away, result.Stdout)
	}
	if told := r.Checks[0].Outage.Seconds; told-away > 0.15 || away-told > 0.15 {
		t.Errorf("the client was without an answer for %.3fs, and the report says %.3fs", away, told)
	}
	t.Logf("down for %.3fs, the client was without an answer for %.3fs", w.Seconds, away)
	for name, when := range map[string]int{
		"/srv/inside/state": 0, "/srv/beside": -1, "/srv/zz": -1, "/opt/makenotwork/.env": -1, "/srv/later": 1,
		"/etc/systemd/system/makenotwork.service.d/says.conf": -1, "/etc/systemd/system/cron.service.d/nice.conf": -1,
	} {
		at, is := madeAt(t, m, name), 0
		if at.Before(w.Down) {
			is = -1
		} else if at.After(*w.Up) {
			is = 1
		}
		if is != when {
			t.Errorf("%s was written at %s, and makenotwork.service was down from %s to %s", name, at, w.Down, *w.Up)
		}
	}
	for what, n := range map[string]string{"Stopped makenotwork": "1", "Started makenotwork": "1"} {
		if got := m.MustSh("journalctl -o cat --since=" + since + " | grep -c '^" + what + "'"); got != n {
			t.Errorf("%s: %s times", what, got)
		}
	}
	m.MustSh(`tr '\0' '\n' </proc/$(systemctl show -P MainPID makenotwork)/environ | grep -c second | grep -qx 2`)
	order(t, m, "daemon-reload", "restart cron.service", "stop makenotwork.service", "file /srv/inside/state", "start makenotwork.service", "file /srv/later")

	if back := m.Agent("rollback"); back.Code != 0 {
		t.Errorf("rollback: %s", back)
	}
	m.MustSh(`systemctl is-active makenotwork; grep -q first /srv/inside/state; grep -q first /srv/later
tr '\0' '\n' </proc/$(systemctl show -P MainPID makenotwork)/environ | grep -c first | grep -qx 2`)
	order(t, m, "file /srv/later", "stop makenotwork.service", "file /srv/inside/state", "file /srv/beside", "start makenotwork.service")
}

// order holds the last run in the journal to an order of some of its changes.
func order(t *testing.T, m *boot.Machine, lines ...string) {
	t.Helper()
	last := strings.Fields(m.Must("sh", "-c", "mnw-agent history | head -n 1"))[0]
	history, at := m.Must("mnw-agent", "history", last), 0
	for _, line := range lines {
		next := strings.Index(history[at:], line)
		if next < 0 {
			t.Errorf("%q does not come in its place in:\n%s", line, history)
			return
		}
		at += next
	}
}

// When nothing changes that the unit must be stopped for, it is not stopped; when
// it does not run, nothing is to be stopped or started.
func TestNoWindow(t *testing.T) {
	t.Parallel()
	m := server(t)
	const manifest = `
files: {/srv/state: {content: "%s"}, /srv/beside: {content: x%s}}
units: {makenotwork.service: {needs_stop: [file:/srv/state], max_outage: 5s}}
`
	if result := run(m, strings.ReplaceAll(manifest, "%s", ""), "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	before := pid(m, "makenotwork")
	result := run(m, strings.Replace(strings.Replace(manifest, "%s", "", 1), "%s", "y", 1), "apply", "--json")
	if r := report(t, result); result.Code != 0 || len(r.Windows) != 0 || pid(m, "makenotwork") != before {
		t.Errorf("nothing is to be done inside: %s", result)
	}
	m.MustSh("systemctl stop makenotwork")
	result = run(m, strings.ReplaceAll(manifest, "%s", "z"), "apply", "--json")
	if r := report(t, result); result.Code != 0 || len(r.Windows) != 0 {
		t.Errorf("it does not run: %s", result)
	}
	m.MustSh("! systemctl is-active makenotwork; systemctl start makenotwork")
	result = run(m, strings.ReplaceAll(strings.Replace(manifest, "{needs", "{active: false, needs", 1), "%s", "w"), "apply", "--json")
	if r := report(t, result); result.Code != 0 || r.Result != agent.Changed {
		t.Errorf("it is declared down: %s", result)
	}
	m.MustSh("! systemctl is-active makenotwork; grep -q w /srv/state")
}
