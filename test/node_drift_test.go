package test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// status is what is known of a node.
func status(t *testing.T, m *boot.Machine) *agent.Status {
	t.Helper()
	s := new(agent.Status)
	if err := json.Unmarshal([]byte(m.Must(boot.AgentPath, "status", "--json")), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// state is what is known of one resource.
func state(t *testing.T, m *boot.Machine, id string) agent.ResourceStatus {
	t.Helper()
	s := status(t, m)
	i := slices.IndexFunc(s.Resources, func(r agent.ResourceStatus) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("nothing is known of %s", id)
	}
	return s.Resources[i]
}

// causes is why each resource was changed, by id.
func causes(r *agent.Report) map[string]agent.Cause {
	found := map[string]agent.Cause{}
	for _, one := range r.Resources {
		if one.Outcome == agent.OutcomeChanged {
			found[one.ID] = one.Cause
		}
	}
	return found
}

// What somebody does to a node is drift, and what follows from it is, too; what
// comes of a new declaration is intended, and so is the restart that it needs.
func TestDrift(t *testing.T) {
	t.Parallel()
	m := ready(t)
	first := report(t, run(m, web("3000"), "apply", "--json"))
	for id, cause := range causes(first) {
		if cause != agent.Intended {
			t.Errorf("the first run: %s is %q", id, cause)
		}
	}
	for edit, ids := range map[string][]string{
		"sed -i s/3000/9999/ /etc/web.env":           {"env_file:/etc/web.env", "run:web.service"},
		"rm /srv/web/index":                          {"file:/srv/web/index"},
		"chown root /srv/web":                        {"directory:/srv/web"},
		"crontab -r -u web":                          {"crontab:web"},
		"systemctl stop web":                         {"run:web.service"},
		"echo '#' >>/etc/systemd/system/web.service": {"run:web.service", "unit:web.service"},
		"systemctl disable web":                      {"unit:web.service"},
		"mkdir -p /etc/systemd/system/web.service.d; sleep 0.01; echo '[Service]\nNice=1' >/etc/systemd/system/web.service.d/x.conf": {"run:web.service"},
	} {
		m.MustSh(edit)
		again := report(t, run(m, web("3000"), "apply", "--json"))
		found := causes(again)
		for id, cause := range found {
			if cause != agent.Drift || !slices.Contains(ids, id) {
				t.Errorf("%s: %s is changed, %q", edit, id, cause)
			}
		}
		if len(found) != len(ids) {
			t.Errorf("%s: changed are %v, want %s", edit, found, ids)
		}
	}
	counted := status(t, m).Counters.Changes
	if counted["env_file"][agent.Drift] != 1 || counted["run"][agent.Drift] < 4 || counted["env_file"][agent.Intended] != 1 || counted["user"][agent.Drift] != 0 {
		t.Errorf("counted are %v", counted)
	}
	for id, cause := range causes(report(t, run(m, web("4000"), "apply", "--json"))) {
		if cause != agent.Intended {
			t.Errorf("a new manifest: %s is %q", id, cause)
		}
	}
	if now := status(t, m).Counters.Changes; now["run"][agent.Drift] != counted["run"][agent.Drift] || now["env_file"][agent.Drift] != 1 {
		t.Errorf("a new manifest is counted as drift: %v", now)
	}
	m.MustSh(webRuns("4000"))
}

// Drift that nothing is done about is known with the time of the run that saw it
// first; a unit that goes on with an older configuration, with the way it does.
func TestDriftKnown(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const audited = `
files: {/etc/a: {content: "a\n", audit: true}, /etc/seen: {content: "seen\n"}}
env_files: {/etc/s.env: {set: {A: "1"}}}
units: {s.service: {active: true, on_stale: report, settle: 50ms, content: "[Service]\nEnvironmentFile=/etc/s.env\nExecStart=/bin/sleep infinity\n"}}
`
	m.WriteFile("/etc/a", "a\n", 0o644)
	if result := run(m, audited, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	if s := state(t, m, "file:/etc/a"); s.State != agent.StateConverged || s.Drifted {
		t.Errorf("before: %+v", s)
	}
	m.MustSh("echo b >/etc/a; sleep 0.01; sed -i s/1/2/ /etc/s.env")
	for range 2 {
		run(m, audited, "apply")
	}
	s := state(t, m, "file:/etc/a")
	if s.State != agent.StateDrifted || !s.Drifted || s.Since == nil || !strings.Contains(s.Why, "change file /etc/a") {
		t.Errorf("drifted: %+v", s)
	}
	run(m, audited, "apply")
	if again := state(t, m, "file:/etc/a"); again.Since == nil || !again.Since.Equal(*s.Since) {
		t.Errorf("it has drifted since %s, not %s", s.Since, again.Since)
	}
	unit := status(t, m).Units[0]
	if unit.Unit != "s.service" || !slices.Equal(unit.Stale, []node.Stale{node.StaleEnvironment}) {
		t.Errorf("the unit is %+v", unit)
	}
	m.MustSh("systemctl restart s; echo a >/etc/a")
	run(m, audited, "apply")
	if s := state(t, m, "file:/etc/a"); s.State != agent.StateConverged || s.Since != nil {
		t.Errorf("after: %+v", s)
	}
	if unit := status(t, m).Units[0]; len(unit.Stale) > 0 {
		t.Errorf("restarted, the unit is %+v", unit)
	}
	// a plan is remembered only when that is asked for
	m.MustSh("echo b >/etc/seen")
	run(m, audited, "plan")
	if s := state(t, m, "file:/etc/seen"); s.State != agent.StateConverged {
		t.Errorf("a plan was remembered: %+v", s)
	}
}

// What somebody changes again and again is left alone: the service behind it is,
// too, and all the rest is cared for. A gate that takes the run back counts no
// correction.
func TestFighting(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const manifest = `
sudoers: {w: {content: "daemon ALL=(root) NOPASSWD: /bin/true\n"}}
files: {/etc/other: {content: "other\n"}}
`
	if result := run(m, manifest, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	const theirs = "daemon ALL=(root) NOPASSWD: ALL\n"
	edit := func() { m.WriteFile("/etc/sudoers.d/w", theirs, 0o440) }
	for range 3 {
		edit()
		if result := run(m, manifest, "apply"); result.Code != 0 {
			t.Fatal(result)
		}
	}
	edit()
	m.MustSh("rm /etc/other")
	left := run(m, manifest, "apply", "--json")
	if left.Code != 1 || report(t, left).Result != agent.Differs || m.ReadFile("/etc/sudoers.d/w") != theirs {
		t.Errorf("it is not left alone: %s", left)
	}
	m.MustSh("test -e /etc/other")
	if s := state(t, m, "sudoers:w"); s.State != agent.StateFighting || !s.Drifted || len(s.Corrected) != 3 {
		t.Errorf("known is %+v", s)
	}
	if won := run(m, manifest, "apply", "--enforce"); won.Code != 0 || m.ReadFile("/etc/sudoers.d/w") == theirs {
		t.Errorf("it was not enforced: %s", won)
	}
	if s := state(t, m, "sudoers:w"); s.State != agent.StateConverged || len(s.Corrected) != 1 {
		t.Errorf("enforced, known is %+v", s)
	}
	edit()
	const shut = manifest + "checks: {c: {command: [grep, -q, \"NOPASSWD: ALL\", /etc/sudoers.d/w], within: 100ms}}\n"
	back := run(m, shut, "apply")
	s := state(t, m, "sudoers:w")
	if back.Code != 3 || s.State != agent.StateDrifted || !s.Drifted || len(s.Corrected) != 0 || status(t, m).Counters.Changes["sudoers"][agent.Drift] != 4 {
		t.Errorf("taken back, known is %+v: %s", s, back)
	}
	if got := status(t, m); len(got.Manifests) != 1 || got.Manifests[0].Held == nil || got.Counters.Rollbacks[agent.RollbackSucceeded] != 1 {
		t.Errorf("taken back: %+v", got)
	}
}

// All that runs have made is taken back by --prune, whatever it is and however many
// runs there were since; that can be taken back itself.
func TestPrune(t *testing.T) {
	t.Parallel()
	m := ready(t)
	before := m.Snapshot(crashPlaces...).WithoutTimes()
	for _, port := range []string{"3000", "4000", "5000", "6000"} {
		if result := run(m, web(port)+"groups: {g: {}}\nsudoers: {w: {content: \"web ALL=(root) /bin/true\\n\"}}\n", "apply", "--keep", "2"); result.Code != 0 {
			t.Fatal(result)
		}
	}
	m.MustSh("usermod -c somebody web") // which is not the agent's
	const nothing = "files: {}\n"
	if kept := run(m, nothing, "apply"); kept.Code != 0 || !strings.Contains(kept.Stdout, "? unit:web.service (orphaned)") {
		t.Errorf("orphans: %s", kept)
	}
	m.MustSh(webRuns("6000"))
	planned := report(t, run(m, nothing, "plan", "--prune", "--json"))
	pruned := run(m, nothing, "apply", "--prune", "--json", "--keep", "2")
	if made := report(t, pruned); pruned.Code != 0 || len(causes(made)) != len(planned.Resources) {
		t.Fatalf("prune: %s", pruned)
	}
	if diff := before.Diff(m.Snapshot(crashPlaces...).WithoutTimes()); diff != "" {
		t.Errorf("pruned, the node is another:\n%s", diff)
	}
	m.MustSh("! id web; ! systemctl is-active web; test \"$(systemctl show -P LoadState web)\" = not-found")
	if s := status(t, m); len(s.Resources) != 0 {
		t.Errorf("known is still %+v", s.Resources)
	}
	if back := m.Agent("rollback"); back.Code != 0 {
		t.Fatal(back)
	}
	m.MustSh(webRuns("6000") + "; id web; getent group g; test -e /etc/sudoers.d/w")
	if again := run(m, nothing, "apply", "--prune", "--retry-held"); again.Code != 0 {
		t.Fatal(again)
	}
	if diff := before.Diff(m.Snapshot(crashPlaces...).WithoutTimes()); diff != "" {
		t.Errorf("pruned again, the node is another:\n%s", diff)
	}
}

// What was there before comes back, and the judges rule on that: a drop-in that
// another one needs stays.
func TestPruneIsJudged(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("cp /etc/caddy/Caddyfile /root/Caddyfile")
	const alias = `sudoers: {a: {content: "Cmnd_Alias DO = /bin/true\n"}}` + "\n"
	if result := run(m, alias+"caddyfiles: {/etc/caddy/Caddyfile: {content: \":80 {\\n\\trespond managed\\n}\\n\"}}\n", "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh("curl -s localhost | grep managed")
	m.WriteFile("/etc/sudoers.d/b", "daemon ALL=(root) DO\n", 0o440)
	refused := run(m, "files: {}\n", "apply", "--prune")
	if refused.Code != 1 || !strings.Contains(refused.Stdout, "visudo refuses") {
		t.Errorf("it is not refused: %s", refused)
	}
	m.MustSh("test -e /etc/sudoers.d/a; curl -s localhost | grep managed; rm /etc/sudoers.d/b")
	if pruned := run(m, "files: {}\n", "apply", "--prune"); pruned.Code != 0 {
		t.Error(pruned)
	}
	m.MustSh("! test -e /etc/sudoers.d/a; cmp /etc/caddy/Caddyfile /root/Caddyfile; ! curl -s localhost | grep managed")
}

// Who is there again before the run has proved what it did is fought with, too.
func TestFightingAtOnce(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const manifest = `files: {/etc/contended: {content: "ours\n"}}` + "\n"
	if result := run(m, manifest, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh(`systemd-run --quiet --unit=enemy sh -c 'while :; do grep -q theirs /etc/contended || echo theirs >/etc/contended; done'`)
	for range 20 {
		m.MustSh("until grep -q theirs /etc/contended; do :; done")
		run(m, manifest, "apply")
		if state(t, m, "file:/etc/contended").State == agent.StateFighting {
			break
		}
	}
	m.MustSh("until grep -q theirs /etc/contended; do :; done")
	if left := run(m, manifest, "apply", "--json"); left.Code != 1 || report(t, left).Result != agent.Differs {
		t.Errorf("it is not left alone: %s", left)
	}
}

// Drop-ins of units of somebody else go, and what runs takes that up, though nothing
// but systemd tells that they were there.
func TestPruneDropIns(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`for u in one two; do printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/$u.service; done; systemctl daemon-reload; systemctl start one two`)
	if result := run(m, `units: {one.service: {dropins: {nice: "[Service]\nNice=3\n"}}, two.service: {dropins: {nice: "[Service]\nNice=3\n"}}}`, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	if pruned := run(m, "files: {}\n", "apply", "--prune"); pruned.Code != 0 {
		t.Error(pruned)
	}
	for _, unit := range []string{"one", "two"} {
		m.MustSh("test $(ps -o nice= -p $(systemctl show -P MainPID " + unit + ")) = 0; test $(systemctl show -P NeedDaemonReload " + unit + ") = no")
	}
}

// A unit that did not come up with what was new runs again with what it had before: it
// is not stale for as long as the manifest is held.
func TestNotStaleWhenTakenBack(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const service = `units: {s.service: {active: true, settle: 100ms, content: "[Service]\nExecStart=/bin/%s infinity\n"}}`
	if result := run(m, fmt.Sprintf(service, "sleep"), "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	if back := run(m, fmt.Sprintf(service, "false"), "apply"); back.Code != 3 {
		t.Fatal(back)
	}
	m.MustSh("systemctl is-active s; grep sleep /proc/$(systemctl show -P MainPID s)/cmdline")
	if unit := status(t, m).Units[0]; unit.Unit != "s.service" || len(unit.Stale) > 0 {
		t.Errorf("taken back, the unit is %+v", unit)
	}
}
