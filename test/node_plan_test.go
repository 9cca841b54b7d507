package test

import (
	"slices"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// fresh declares a service from nothing: users, their groups and homes, all
// that lies in directories which are declared as well, and what runs there.
const fresh = `
vars: {base: /srv/fresh}
groups:
  crew: {gid: 6000}
users:
  fresh: {system: true, group: crew, home: "${vars.base}", shell: /bin/bash, login: true}
  helper: {groups: [crew]}
directories:
  ${vars.base}: {owner: fresh, group: crew, mode: 0750, reachable_by: [helper]}
  ${vars.base}/data: {owner: fresh, group: crew, mode: 2770}
  ${vars.base}/data/deep: {owner: helper}
  /etc/fresh: {group: crew, mode: 0750}
  /home/helper: {owner: helper, mode: 0700}
files:
  /srv/fresh/serve: {content: "#!/bin/sh\nexec sleep infinity\n", mode: 0755}
  /srv/fresh/data/deep/note: {content: "for helper\n", owner: helper, mode: 0600}
symlinks:
  /srv/fresh/now: {target: data/deep}
env_files:
  /etc/fresh/fresh.env: {group: crew, set: {PLACE: "${vars.base}", GREETING: "it's $HOME"}, secrets: {TOKEN: canary}}
sudoers:
  fresh: {content: "fresh ALL=(helper) NOPASSWD: /srv/fresh/serve\n"}
crontabs:
  fresh: {jobs: {hourly: {schedule: "@hourly", command: /srv/fresh/serve}}}
authorized_keys:
  helper: {keys: {k: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl k}}
units:
  fresh.service:
    enabled: true
    active: true
    content: |
      [Service]
      User=fresh
      Group=crew
      EnvironmentFile=/etc/fresh/fresh.env
      ExecStart=/srv/fresh/serve
      [Install]
      WantedBy=multi-user.target
caddyfiles:
  /etc/caddy/Caddyfile: {content: "http://localhost:80 {\n\troot * /srv/fresh/data\n\tfile_server\n}\n"}
`

// Where nothing is there yet, plan shows exactly the changes that apply makes.
func TestPlanIsApply(t *testing.T) {
	t.Parallel()
	m := ready(t)
	before := m.Snapshot(stateDir, manifestPath)

	planned := run(m, fresh, "plan", "--json")
	if planned.Code != 2 {
		t.Fatalf("plan: %s", planned)
	}
	if diff := before.Diff(m.Snapshot(stateDir, manifestPath)); diff != "" {
		t.Errorf("plan has changed the node:\n%s", diff)
	}
	applied := run(m, fresh, "apply", "--json")
	if applied.Code != 0 {
		t.Fatalf("apply: %s", applied)
	}
	plan, apply := report(t, planned), report(t, applied)
	for i, want := range plan.Resources {
		got := apply.Resources[i]
		if got.ID != want.ID || !slices.Equal(got.Changes, want.Changes) {
			t.Errorf("planned %s %q\napplied %s %q", want.ID, want.Changes, got.ID, got.Changes)
		}
		if want.Outcome == agent.OutcomeDiffers != (got.Outcome == agent.OutcomeChanged) {
			t.Errorf("%s: planned as %s, applied as %s", want.ID, want.Outcome, got.Outcome)
		}
	}
	if again := run(m, fresh, "plan"); again.Code != 0 {
		t.Errorf("plan after apply: %s", again)
	}
	freshWorks(m)
}

// freshWorks fails unless what fresh declares is there and runs.
func freshWorks(m *boot.Machine) {
	m.MustSh(`systemctl is-active fresh; runuser -u helper -- cat /srv/fresh/now/note; visudo -c
tr '\0' '\n' </proc/$(systemctl show -P MainPID fresh)/environ | grep -qx "GREETING=it's \$HOME"
crontab -l -u fresh | grep -q /srv/fresh/serve; grep -q ssh-ed25519 /home/helper/.ssh/authorized_keys`)
}
