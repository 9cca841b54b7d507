package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// site is a site that says a word, and a check that wants to hear one.
func site(says, wants string) string {
	return `
files: {/srv/beside: {content: "` + says + `"}}
caddyfiles: {/etc/caddy/Caddyfile: {content: "http://:8090 {\n\trespond ` + says + `\n}\n"}}
checks: {site: {http: "http://localhost:8090/", contains: ` + wants + `, within: 500ms}}
`
}

// What a check said before and after decides: what worked and does not work now
// is taken back, what failed before and fails now is told and proves nothing.
func TestChecks(t *testing.T) {
	t.Parallel()
	m := ready(t)
	if result := run(m, strings.Split(site("good", "good"), "checks")[0], "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	for _, c := range []struct {
		what, says, wants string
		code              int
		verdict           string
		serves            string
	}{
		{"it works before and after", "better-good", "good", 0, agent.CheckPassed, "better-good"},
		{"it fails after", "bad", "good", 3, agent.CheckPassed, "better-good"}, // passed, that is, when all was taken back
		{"it fails before and after", "nice", "gold", 0, agent.CheckUnproven, "nice"},
		{"nothing is to be done, and it fails", "nice", "gold", 0, agent.CheckUnproven, "nice"},
		{"it works after", "gold", "gold", 0, agent.CheckRecovered, "gold"},
		{"nothing is to be done, and it works", "gold", "gold", 0, agent.CheckPassed, "gold"},
	} {
		result := run(m, site(c.says, c.wants), "apply", "--json")
		r := report(t, result)
		if result.Code != c.code || len(r.Checks) != 1 || r.Checks[0].Verdict != c.verdict {
			t.Errorf("%s: want %d, %s: %s", c.what, c.code, c.verdict, result)
		}
		if page := m.Must("curl", "-sS", "localhost:8090"); page != c.serves || m.ReadFile("/srv/beside") != c.serves {
			t.Errorf("%s: caddy serves %q, want %q", c.what, page, c.serves)
		}
	}
	audited := strings.Replace(site("other", "gold"), "within", "audit: true, within", 1)
	if result := run(m, audited, "apply"); result.Code != 0 || m.ReadFile("/srv/beside") != "other" {
		t.Errorf("a check that is only audited: %s", result)
	}
}

// A check that was cut short has neither passed nor failed: what was known of it
// stays known, whoever stopped the run, and whether or not there was something to do.
func TestCheckCutShort(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const slow = "\nchecks: {slow: {command: [sleep, \"2\"]}}\n"
	if result := run(m, slow, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	for _, manifest := range []string{slow, slow + "files: {/srv/late: {content: x}}\n"} {
		result := run(m, manifest, "apply", "--json", "--timeout", "1s")
		r := report(t, result)
		if result.Code != 1 || len(r.Checks) != 0 || r.Resources[0].Outcome != agent.OutcomeUnseen || len(r.Resources[0].Notes) != 0 {
			t.Errorf("it was cut short: %s", result)
		}
		if status := m.Must(boot.AgentPath, "status"); !strings.Contains(status, "check slow passed") {
			t.Errorf("afterwards: %s", status)
		}
	}
	if m.Run("test", "-e", "/srv/late").Code == 0 {
		t.Error("the run went on")
	}
}

// What is broken for good is not mended by going back: that is said, and ends
// with 4.
func TestRollbackFails(t *testing.T) {
	t.Parallel()
	m := ready(t)
	result := run(m, `
files: {/etc/new: {content: x}}
units: {breaks.service: {active: true, settle: 0s, content: "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/touch /run/broken\n"}}
checks: {works: {command: [test, '!', -e, /run/broken], within: 500ms}}
`, "apply", "--json")
	r := report(t, result)
	if result.Code != 4 || r.Result != agent.RollbackFailed || !strings.Contains(strings.Join(r.Rollback.Errors, ""), "check:works passed before the run, and fails after the roll-back") {
		t.Errorf("want 4: %s", result)
	}
	m.MustSh("! test -e /etc/new; rm /run/broken")

	// An immutable directory keeps what was put into it.
	result = run(m, `
files: {/srv/stuck/file: {content: x}, /srv/fine: {content: x}}
units: {sticks.service: {active: true, settle: 0s, content: "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/chattr +i /srv/stuck/file\n"}}
checks: {works: {command: [test, '!', -e, /srv/fine], within: 500ms}}
`, "apply", "--json")
	r = report(t, result)
	if result.Code != 4 || r.Result != agent.RollbackFailed || !slices.Contains(r.Rollback.ByHand, "rm /srv/stuck/file") {
		t.Errorf("want 4, and what to do by hand: %s", result)
	}
	m.MustSh("! test -e /srv/fine; ! systemctl is-active sticks; chattr -i /srv/stuck/file")
}

// With all or nothing, one resource that fails takes everything back, and so does
// a run that is stopped.
func TestAtomic(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("mkdir /srv/in-the-way; chattr +i /srv/in-the-way")
	const fails = "files: {/srv/a: {content: x}, /srv/in-the-way/b: {content: x}, /srv/z: {content: x}}\n"
	if result := run(m, fails, "apply"); result.Code != 1 {
		t.Errorf("not atomic: %s", result)
	}
	m.MustSh("test -e /srv/a; test -e /srv/z; rm /srv/a /srv/z")
	for what, result := range map[string]boot.Result{
		"--atomic":     run(m, fails, "apply", "--atomic"),
		"atomic: true": run(m, "atomic: true\n"+fails, "apply"),
	} {
		if result.Code != 3 || !strings.Contains(result.Stdout, "file:/srv/in-the-way/b failed, and all or nothing is wanted") {
			t.Errorf("%s: %s", what, result)
		}
		m.MustSh("! test -e /srv/a; ! test -e /srv/z")
	}
	m.WriteFile("/root/slow.yaml", "version: 1\natomic: true\n"+slowService+`
files: {/srv/early: {content: x}, /srv/later: {content: x, after: [unit:slow.service]}}
`, 0o600)
	stopped := m.Sh("mnw-agent apply /root/slow.yaml & until systemctl is-active slow; do sleep 0.05; done; kill $!; wait $!")
	if stopped.Code != 3 || !strings.Contains(stopped.Stdout, "the run was interrupted, and all or nothing is wanted") {
		t.Errorf("stopped: %s", stopped)
	}
	m.MustSh("! systemctl is-active slow; ! test -e /srv/early; ! test -e /srv/later; ! test -e /etc/systemd/system/slow.service")
}

// A check tells how long it was failing: a service that is restarted is away for
// a while, from its last good answer to its first.
func TestOutage(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.Server()
	m.InstallAgent()
	result := run(m, `
units: {makenotwork.service: {active: true, settle: 500ms, dropins: {slow: "[Service]\nExecStartPre=/bin/sleep 1\n"}}}
checks: {api: {http: "http://127.0.0.1:3000/api/health", contains: operational}}
`, "apply", "--json")
	r := report(t, result)
	if result.Code != 0 || len(r.Checks) != 1 || r.Checks[0].Outage == nil {
		t.Fatal(result)
	}
	if o := r.Checks[0].Outage; o.Seconds < 1 || o.Seconds > 5 || o.FirstGood == nil || o.FirstGood.Sub(o.LastGood).Seconds()-o.Seconds > 0.001 {
		t.Errorf("the outage is %+v", o)
	}
	quiet := report(t, run(m, "files: {/srv/x: {content: x}}\nchecks: {api: {http: 'http://127.0.0.1:3000/api/health'}}\n", "apply", "--json"))
	if quiet.Checks[0].Outage != nil {
		t.Errorf("nothing was away, and the outage is %+v", quiet.Checks[0].Outage)
	}
}

// A signal while checks are waited for stops the run, and says nothing about them:
// nothing is taken back, and the next run goes on.
func TestStoppedAtTheGate(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, `version: 1
files: {/srv/x: {content: x}}
checks: {works: {command: [test, '!', -e, /srv/x], within: 60s}}
`, 0o600)
	stopped := m.Sh("mnw-agent apply --json " + manifestPath + " & until grep -q done " + stateDir + "/journal/000001.jsonl; do sleep 0.05; done; sleep 0.5; kill $!; wait $!")
	r := report(t, stopped)
	if stopped.Code != 1 || !r.Stopped || r.Rollback != nil || len(r.Checks) != 1 || r.Checks[0].Verdict != agent.CheckFailed {
		t.Errorf("stopped: %s", stopped)
	}
	if history := m.Agent("history"); !strings.Contains(history.Stdout, "cut short") {
		t.Errorf("history: %s", history)
	}
	if back := m.Agent("rollback"); back.Code != 0 {
		t.Errorf("rollback: %s", back)
	}
	m.MustSh("! test -e /srv/x")
}

// A run that is interrupted while it waits for a check stops, and says what the
// check says; the next one goes on with it, and minds what passed before the first.
func TestInterruptedCheck(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/etc/flag", "", 0o644)
	const manifest = `
files: {/etc/flag: {state: absent}}
checks: {flag: {command: [test, -e, /etc/flag], within: 1s}}
`
	patient := strings.Replace(manifest, "1s", "1h", 1)
	m.WriteFile(manifestPath, "version: 1\n"+patient, 0o600)
	stopped := m.Sh(boot.AgentPath + " apply " + manifestPath + " & while test -e /etc/flag; do sleep 0.05; done; sleep 1; kill $!; wait $!")
	if !strings.Contains(stopped.Stdout, "The run was stopped before its end") || strings.Contains(stopped.Stdout, "taken back") {
		t.Errorf("interrupted: %s", stopped)
	}
	again := m.Sh("timeout -s TERM 3 " + boot.AgentPath + " apply --atomic " + manifestPath)
	if !strings.Contains(again.Stdout, "this run goes on with it") || !strings.Contains(again.Stdout, "Rolled back") {
		t.Errorf("all or nothing: %s", again)
	}
	m.MustSh("test -e /etc/flag")
}

// Every kind of check is asked of what really runs: caddy with a certificate of
// its own, sshd, systemd, programs.
func TestKindsOfChecks(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const tls = `http: "https://127.0.0.1:8443/"`
	const ca = `ca: /var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt`
	if result := run(m, `
caddyfiles: {/etc/caddy/Caddyfile: {content: "{\n\tskip_install_trust\n}\nhttps://site.test:8443 {\n\ttls internal\n\trespond good\n}\nhttp://:8090 {\n\trespond gone 410\n}\n"}}
`, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh("until curl -sk --resolve site.test:8443:127.0.0.1 https://site.test:8443/ | grep -q good; do sleep 0.1; done")
	kinds := map[string]struct{ fields, fails string }{
		"known-ca":     {`{` + tls + `, server_name: site.test, ` + ca + `, contains: good}`, ""},
		"unknown-ca":   {`{` + tls + `, server_name: site.test}`, "unknown authority"},
		"insecure":     {`{` + tls + `, server_name: site.test, insecure: true, status: 200}`, ""},
		"other-body":   {`{` + tls + `, server_name: site.test, ` + ca + `, contains: better}`, "does not contain"},
		"other-status": {`{http: "http://127.0.0.1:8090/", status: 410, contains: gone}`, ""},
		"bad-status":   {`{http: "http://127.0.0.1:8090/"}`, "got 410"},
		"port":         {`{tcp: "127.0.0.1:22"}`, ""},
		"closed-port":  {`{tcp: "127.0.0.1:9"}`, "refused"},
		"as-user":      {`{command: [sh, -c, "test $(id -un) = daemon"], user: daemon}`, ""},
		"bad-command":  {`{command: [sh, -c, "echo no; exit 3"]}`, "no"},
		"unit":         {`{unit: cron.service}`, ""},
		"other-unit":   {`{unit: nosuch.service}`, "there is no such unit"},
	}
	manifest := "checks:\n"
	for name, kind := range kinds {
		manifest += "  " + name + ": " + kind.fields + "\n"
	}
	result := run(m, manifest, "apply", "--json")
	r := report(t, result)
	if result.Code != 0 || len(r.Checks) != len(kinds) {
		t.Fatal(result)
	}
	for _, c := range r.Checks {
		fails := kinds[c.Check].fails
		if c.After != (fails == "") || !strings.Contains(c.Error, fails) {
			t.Errorf("%s: want %q: %+v", c.Check, fails, c)
		}
	}
}
