package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
)

// slowly declares a server that takes a while to start, and a check of it.
const slowly = `
files: {/srv/state: {content: "%s"}, /srv/beside: {content: "%s"}}
units:
  makenotwork.service:
    needs_stop: [file:/srv/state]
    settle: 0s
    max_outage: %s
    dropins: {slow: "[Service]\nExecStartPre=/bin/sleep %s\n"}
checks: {api: {http: "http://127.0.0.1:3000/api/health", max_outage: %s, within: 30s}}
`

// A run in which something is away for longer than it may is taken back, and the
// manifest is held: a check as soon as it fails for longer, in the middle of its within,
// and one that comes back too late; a unit in the same way. Within its bounds all is well.
func TestMaxOutage(t *testing.T) {
	t.Parallel()
	m := server(t)
	if result := run(m, fmt.Sprintf(slowly, "first", "first", "10s", "0", "10s"), "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	for _, c := range []struct {
		what, unit, starts, check string
		code                      int
		says                      string
		atMost                    time.Duration
	}{
		{"all is within its bounds", "5s", "0.5", "5s", 0, "", 10 * time.Second},
		{"a check fails for too long", "60s", "20", "1s", 3, "check:api was failing for ", 6 * time.Second},
		{"a check comes back too late", "5s", "0.5", "200ms", 3, "check:api was failing for ", 6 * time.Second},
		{"a unit is down for too long", "1500ms", "20", "60s", 3, "makenotwork.service was down for ", 6 * time.Second},
		{"a unit comes back too late", "200ms", "0.25", "60s", 3, "makenotwork.service was down for ", 6 * time.Second},
	} {
		before := m.ReadFile("/srv/state") + m.ReadFile("/srv/beside")
		manifest := fmt.Sprintf(slowly, c.what, c.what, c.unit, c.starts, c.check)
		began := time.Now()
		result := run(m, manifest, "apply", "--json")
		took := time.Since(began)
		r := report(t, result)
		if result.Code != c.code || took > c.atMost {
			t.Errorf("%s: want %d within %s: it took %s: %s", c.what, c.code, c.atMost, took, result)
			continue
		}
		m.MustSh("for i in $(seq 50); do curl -s --fail localhost:3000/api/health && exit; sleep 0.1; done; exit 1")
		after := m.ReadFile("/srv/state") + m.ReadFile("/srv/beside")
		if c.code == 0 {
			if len(r.Windows) != 1 || r.Windows[0].Seconds < 0.5 || r.Checks[0].Outage == nil {
				t.Errorf("%s: %s", c.what, result)
			}
			continue
		}
		if r.Result != agent.RolledBack || after != before || !strings.Contains(r.Rollback.Because, c.says) || !strings.Contains(r.Rollback.Because, "longer than its max_outage of ") {
			t.Errorf("%s: it does not say %q, or the files are %q: %s", c.what, c.says, after, result)
		}
		if held := run(m, manifest, "apply"); held.Code != 3 || !strings.Contains(held.Stdout, "longer than its max_outage") {
			t.Errorf("%s: it is not held: %s", c.what, held)
		}
	}
}

// A restart counts as well, and a check that failed before, or is only audited, is no
// gate however long it fails.
func TestMaxOutageOfARestart(t *testing.T) {
	t.Parallel()
	m := server(t)
	const manifest = `
units: {makenotwork.service: {settle: 0s, max_outage: %s, dropins: {slow: "[Service]\nExecStartPre=/bin/sleep %s\n"}}}
checks:
  audited: {tcp: "127.0.0.1:3000", max_outage: 100ms, audit: true}
  failed: {tcp: "127.0.0.1:9", max_outage: 100ms, within: 100ms}
`
	result := run(m, fmt.Sprintf(manifest, "1s", "2"), "apply", "--json")
	if r := report(t, result); result.Code != 3 || !strings.Contains(r.Rollback.Because, "makenotwork.service was down for 1") {
		t.Errorf("want 3: %s", result)
	}
	m.MustSh("systemctl is-active makenotwork; ! test -e /etc/systemd/system/makenotwork.service.d")
	if result := run(m, fmt.Sprintf(manifest, "5s", "0.5"), "apply"); result.Code != 0 {
		t.Errorf("want 0: %s", result)
	}
}

// When a change fails for which the unit is stopped, the unit runs again, and what can
// be made is made; with all or nothing, the run goes back.
func TestFailureInAWindow(t *testing.T) {
	t.Parallel()
	m := server(t)
	m.MustSh("mkdir /srv/stuck /srv/fine; chattr +i /srv/stuck")
	const manifest = `
files: {/srv/stuck/a: {content: x}, /srv/fine/b: {content: x}, /srv/beside: {content: x}}
units: {makenotwork.service: {needs_stop: [file:/srv/stuck/a, file:/srv/fine/b], settle: 100ms}}
`
	before := pid(m, "makenotwork")
	result := run(m, "atomic: true\n"+manifest, "apply")
	if result.Code != 3 || !strings.Contains(result.Stdout, "file:/srv/stuck/a failed, and all or nothing is wanted") {
		t.Errorf("all or nothing: %s", result)
	}
	m.MustSh("systemctl is-active makenotwork; ! test -e /srv/fine/b; ! test -e /srv/beside")
	result = run(m, manifest, "apply", "--json")
	r := report(t, result)
	if result.Code != 1 || len(r.Windows) != 1 || r.Windows[0].Up == nil || pid(m, "makenotwork") == before {
		t.Errorf("want 1, and it was stopped and started: %s", result)
	}
	m.MustSh("systemctl is-active makenotwork; test -e /srv/fine/b; test -e /srv/beside")
}

// A run that is interrupted, or killed, while the unit is stopped does not leave it so:
// it starts it at once, or the next run does, of whatever manifest.
func TestCutShortInAWindow(t *testing.T) {
	t.Parallel()
	m := server(t)
	const manifest = `
groups: {slow: {gid: 3001}, slower: {gid: 3002, after: [group:slow]}}
units: {makenotwork.service: {needs_stop: [group:slow, group:slower], settle: 0s}}
`
	m.MustSh(`mv /usr/sbin/groupadd /usr/sbin/groupadd.real
printf '#!/bin/sh\ntouch /run/inside; sleep 1\nexec /usr/sbin/groupadd.real "$@"\n' >/usr/sbin/groupadd; chmod +x /usr/sbin/groupadd`)
	m.WriteFile(manifestPath, "version: 1\n"+manifest, 0o600)
	cut := func(signal string) string {
		return m.Sh("rm -f /run/inside; mnw-agent apply " + manifestPath + " & until test -e /run/inside; do sleep 0.05; done; ! systemctl is-active -q makenotwork; kill -" + signal + " $!; wait $!").Stdout
	}
	if out := cut("TERM"); !strings.Contains(out, "it is started again all the same") {
		t.Errorf("interrupted: %s", out)
	}
	m.MustSh("systemctl is-active makenotwork; getent group slow; ! getent group slower")
	cut("KILL")
	m.MustSh("! systemctl is-active makenotwork; sleep 1.5")
	if result := m.Agent("apply", manifestPath); result.Code != 0 || !strings.Contains(result.Stdout, "start makenotwork.service: it was stopped for") {
		t.Errorf("killed: %s", result)
	}
	m.MustSh("systemctl is-active makenotwork; getent group slower")

	m.WriteFile("/root/held.yaml", "version: 1\nfiles: {/srv/held: {content: x}}\n", 0o600)
	if result := m.Agent("apply", "/root/held.yaml"); result.Code != 0 || m.Agent("rollback").Code != 0 {
		t.Fatal(result)
	}
	m.MustSh("groupdel slower")
	cut("KILL")
	m.MustSh("! systemctl is-active makenotwork; sleep 1.5")
	if result := m.Agent("apply", "/root/held.yaml"); result.Code != 3 || !strings.Contains(result.Stdout, "has left makenotwork.service stopped") {
		t.Errorf("killed, and then one that is held: %s", result)
	}
	if result := run(m, "files: {/srv/x: {content: x}}\n", "apply"); result.Code != 0 || !strings.Contains(result.Stdout, "start makenotwork.service: it was stopped for") {
		t.Errorf("killed, and then another manifest: %s", result)
	}
	m.MustSh("systemctl is-active makenotwork")
	if result := run(m, "files: {/srv/x: {content: x}}\n", "apply"); result.Code != 0 || !strings.Contains(result.Stdout, "all as declared") {
		t.Errorf("and again: %s", result)
	}
}

// What systemd stops along with a unit runs again when the unit does; a unit that is
// only to audit is not stopped, and what needs that is not changed.
func TestWindowOfOthers(t *testing.T) {
	t.Parallel()
	m := server(t)
	m.MustSh(`cd /etc/systemd/system
printf '[Unit]\nBindsTo=makenotwork.service\nAfter=makenotwork.service\n[Service]\nExecStart=/bin/sleep infinity\n' >side.service
systemctl daemon-reload; systemctl start side`)
	const manifest = "files: {/srv/state: {content: %s}}\nunits: {makenotwork.service: {%s needs_stop: [file:/srv/state], settle: 0s}}\n"
	result := run(m, fmt.Sprintf(manifest, "x", ""), "apply")
	if result.Code != 0 || !strings.Contains(result.Stdout, "start side.service: it went down with makenotwork.service") {
		t.Error(result)
	}
	m.MustSh("systemctl is-active makenotwork side")
	const without = "files: {/srv/state: {content: x}}\n"
	if pruned := run(m, without, "apply", "--prune"); pruned.Code != 0 || strings.Contains(pruned.Stdout, "stop makenotwork") {
		t.Errorf("it ran before there was a manifest: %s", pruned)
	}
	m.MustSh("systemctl is-active makenotwork side")
	result = run(m, fmt.Sprintf(manifest, "y", "audit: true,"), "apply")
	if result.Code != 1 || !strings.Contains(result.Stdout, "it needs makenotwork.service stopped, which is only to audit") {
		t.Error(result)
	}
	if is := m.ReadFile("/srv/state"); is != "x" {
		t.Errorf("it was changed: %s", is)
	}
}
