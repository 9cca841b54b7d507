package test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// worn is a node on which there is something to change and to take away.
const worn = `
useradd --system --no-create-home leaver; groupadd leavers; useradd --create-home stayer; usermod -aG mail stayer
echo '@daily true' | crontab -u leaver -
mkdir -p /srv/worn/deep; install -o stayer -m 0700 -d /srv/worn/theirs
echo capable >/srv/worn/capable; setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 /srv/worn/capable
install -o stayer -m 0600 /dev/null /srv/worn/theirs/file; setfacl -m u:daemon:r /srv/worn/theirs/file
printf '[Service]\nUser=stayer\nEnvironmentFile=/etc/worn.env\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/worn.service
echo PORT=1 >/etc/worn.env; systemctl enable --now worn
`

// wear is what happens to the node between the runs: a file with an old time stamp,
// which only the environment of the process tells of.
const wear = `printf 'PORT=2\n' >/etc/worn.new; touch -d '-1 year' /etc/worn.new; mv /etc/worn.new /etc/worn.env`

// leaving takes away and changes what worn and fresh have made, in all the ways that
// take a right of their own.
const leaving = `
users:
  leaver: {state: absent}
  helper: {groups: [mail], exclusive: true, shell: /bin/sh}
groups:
  leavers: {state: absent}
  newcomers: {}
directories:
  /srv/worn: {owner: stayer, group: mail, mode: 2775}
  /srv/worn/deep: {state: absent}
files:
  /srv/worn/capable: {lines: [one more]}
  /srv/worn/theirs/file: {lines: [one more], mode: 0640}
  /srv/fresh/data/deep/note: {state: absent}
  /srv/worn/listens: {content: x, validate: [grep, -q, "127.0.0.1", /proc/net/fib_trie]}
env_files:
  /etc/fresh/fresh.env: {group: crew, mode: 0640, set: {MORE: "1"}}
symlinks:
  /srv/fresh/now: {target: data}
sudoers:
  fresh: {state: absent}
  worn: {content: "stayer ALL=(helper) NOPASSWD: /bin/true\n"}
caddyfiles:
  /etc/caddy/Caddyfile: {replace: {"/srv/fresh/data": /srv/worn}}
crontabs:
  leaver: {state: absent}
  stayer: {jobs: {hourly: {schedule: "@hourly", command: "true"}}}
authorized_keys:
  helper: {keys: {k: {key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl, state: absent}}}
units:
  fresh.service: {active: true, dropins: {nice: "[Service]\nNice=3\n"}}
  worn.service: {active: true, enabled: false, settle: 100ms}
checks:
  site: {http: "http://localhost:80/capable", status: 200, within: 2s}
  port: {tcp: "127.0.0.1:22"}
  unit: {unit: caddy.service}
  as-user: {command: [sh, -c, "test $(id -un) = stayer && id -nG | grep -q mail"], user: stayer}
  by-root: {command: [runuser, -u, stayer, --, "true"]}
  hangs: {command: [sleep, "60"], user: stayer, within: 300ms, timeout: 200ms}
`

// shutting changes things, and then a check fails.
const shutting = `
users: {another: {}}
crontabs: {stayer: {jobs: {hourly: {schedule: "@daily", command: "true"}}}}
files: {/srv/worn/more: {content: x, owner: stayer}}
units: {worn.service: {active: false}}
checks: {gone: {unit: worn.service, within: 200ms}}
`

// A hardenedStep is a manifest, what happens before it is applied, and the exit status
// of that.
type hardenedStep struct {
	what, before, manifest string
	status                 int
}

var hardenedSteps = []hardenedStep{
	{"what is declared from nothing", worn, fresh, 0},
	{"what is changed and taken away", wear, leaving, 0},
	{"a second run", "", leaving, 0},
	{"what a judge refuses", "", "sudoers: {wrong: {content: \"stayer ALL=(\\n\"}}\nusers: {another: {}}\n", 1},
	{"what is taken back", "", shutting, 3},
}

// Under all that the service is hardened with, a node comes out as it does by hand:
// every type, what goes away, what is refused, what is taken back.
func TestHardenedAsByHand(t *testing.T) {
	t.Parallel()
	byHand, bySystemd := ready(t), ready(t)
	hardened(bySystemd)
	for _, step := range hardenedSteps {
		want := step.take(t, byHand, func() boot.Result { return byHand.Agent("apply", manifestPath) })
		got := step.take(t, bySystemd, func() boot.Result { return startService(bySystemd) })
		if got.told != want.told {
			t.Errorf("%s: by hand\n%s\nby systemd\n%s", step.what, want.told, got.told)
		}
		if diff := want.looked.Diff(got.looked); diff != "" {
			t.Errorf("%s: by systemd, the node is different:\n%s", step.what, diff)
		}
	}
}

// hardened installs the service, which then runs when it is told to.
func hardened(m *boot.Machine) {
	m.WriteFile(manifestPath, "version: 1\n", 0o600)
	m.Must(boot.AgentPath, "install", manifestPath, "--every", "168h")
}

// startService runs the service once, and returns how its program ended.
func startService(m *boot.Machine) boot.Result {
	m.Run("systemctl", "start", "mnw-agent.service")
	return m.Sh("journalctl --no-pager --output=cat --unit=mnw-agent.service --lines=60; exit $(systemctl show --property=ExecMainStatus --value mnw-agent.service)")
}

// A taking is what has come of one step on one node.
type taking struct {
	told   string
	looked boot.Snapshot
}

// take takes a step, and looks at what has come of it.
func (s hardenedStep) take(t *testing.T, m *boot.Machine, apply func() boot.Result) taking {
	t.Helper()
	m.MustSh(s.before)
	m.WriteFile(manifestPath, "version: 1\n"+s.manifest, 0o600)
	if result := apply(); result.Code != s.status {
		t.Errorf("%s: want status %d: %s", s.what, s.status, result)
	}
	looked := m.Snapshot(append([]string{"/etc/systemd/system", "/var/lib/caddy"}, crashPlaces...)...).WithoutTimes()
	for name, entry := range looked {
		if strings.HasPrefix(name, "/var/spool/cron/crontabs/") {
			entry.Sum = "" // the first lines tell the time
			looked[name] = entry
		}
	}
	return taking{outcomes(t, m), looked}
}

var clocks = regexp.MustCompile(`"ts":[0-9.]+`)

// outcomes is what the last run has made of each resource, and its remarks.
func outcomes(t *testing.T, m *boot.Machine) string {
	t.Helper()
	var r agent.Report
	if err := json.Unmarshal([]byte(m.ReadFile(stateDir+"/report.json")), &r); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, one := range r.Resources {
		fmt.Fprintln(&b, one.ID, one.Outcome, one.Changes, one.Made, one.Notes)
	}
	for _, c := range r.Checks {
		fmt.Fprintln(&b, c.Check, c.Before, c.After, c.Error)
	}
	for _, j := range r.Judges {
		fmt.Fprintln(&b, j.Argv, j.Verdict)
	}
	fmt.Fprintln(&b, r.Result, r.Notes)
	return clocks.ReplaceAllString(b.String(), "")
}
