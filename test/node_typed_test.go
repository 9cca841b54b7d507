package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// cutoverBefore is the server before it moves: all is the service's own.
const cutoverBefore = `
useradd -m helper
useradd -r -d /opt/old -s /usr/sbin/nologin app
mkdir -p /opt/old/docs /opt/old/rules
printf 'DOCS_PATH=/opt/old/docs\nRULES_DIR=/opt/old/rules\nPORT=3000\nDATABASE_URL=postgres:///app?host=/var/run/postgresql&password=canary-url\nSESSION_SECRET=canary-secret\n' >/opt/old/.env
chown -R app:app /opt/old
chmod 0600 /opt/old/.env
chmod 0750 /opt/old
`

// typed is the move, in which the service gets a user of its own.
const typed = `
users: {web: {system: true}}
directories: {/etc/app: {}, /srv/app: {}, /srv/app/docs: {}}
env_files:
  /etc/app/app.env:
    group: web
    mode: 0640
    seed: /opt/old/.env
    set: {DOCS_PATH: /srv/app/docs}
    require: [PORT]
    types: {DOCS_PATH: path, RULES_DIR: path, PORT: port, DATABASE_URL: url, SESSION_SECRET: {secret: 8}}
    readable_by: [web]
units:
  app.service:
    active: true
    settle: 100ms
    content: |
      [Service]
      User=web
      EnvironmentFile=/etc/app/app.env
      ExecStart=/bin/sh -c 'ls $DOCS_PATH $RULES_DIR && cat /etc/app/app.env >/dev/null && exec sleep infinity'
`

// What a service, or another user, could not read is told before anything is
// written, and is what the kernel would refuse: once it is mended, the service runs.
func TestTyped(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(cutoverBefore)
	grouped := strings.Replace(typed, "system: true", "system: true, groups: [app]", 1)
	stopped(t, m, typed, `types: RULES_DIR: "/opt/old/rules" is to be read by app.service, and web cannot get into /opt/old (directory 0750 app:app): give that mode 0751`)
	stopped(t, m, strings.Replace(grouped, "[web]", "[web, helper]", 1),
		"readable_by: helper cannot read /etc/app/app.env (file 0640 root:web): give it a group that helper is in")
	stopped(t, m, strings.Replace(grouped, "secret: 8", "secret: 32", 1), "types: SESSION_SECRET: the value is shorter than 32 characters")
	m.MustSh("sed -i s/3000/30000000/ /opt/old/.env")
	stopped(t, m, grouped, `types: PORT: "30000000" is not a port`)
	m.MustSh("sed -i s/30000000/3000/ /opt/old/.env")

	if result := run(m, grouped, "apply"); result.Code != 0 || strings.Contains(result.Stdout, "canary") {
		t.Fatal(result)
	}
	if state := m.Must("systemctl", "is-active", "app"); state != "active" {
		t.Errorf("the service is %s", state)
	}
	for user, may := range map[string]bool{"web": true, "helper": false} {
		if result := m.Run("runuser", "-u", user, "--", "cat", "/etc/app/app.env"); (result.Code == 0) != may {
			t.Errorf("%s may read it: %v", user, !may)
		}
	}
	ledAstray(t, m, grouped)
}

// stopped fails unless plan and apply refuse a manifest for this reason, change
// nothing, and show no secret.
func stopped(t *testing.T, m *boot.Machine, manifest, says string) {
	t.Helper()
	unchanged(t, m, func() { named(t, m, manifest, says) })
}

// named fails unless plan and apply both refuse a manifest in these words, and show no secret.
func named(t *testing.T, m *boot.Machine, manifest, says string) {
	t.Helper()
	for _, verb := range []string{"plan", "apply"} {
		result := run(m, manifest, verb)
		if result.Code != 1 || !strings.Contains(result.Stdout, says) {
			t.Errorf("%s: want exit 1 and %q: %s", verb, says, result)
		}
		if strings.Contains(result.Stdout+result.Stderr, "canary") {
			t.Errorf("%s shows a secret: %s", verb, result)
		}
	}
}

// unchanged fails when the node is another one after something.
func unchanged(t *testing.T, m *boot.Machine, do func()) {
	t.Helper()
	except := []string{stateDir, manifestPath, "/var/log"}
	before := m.Snapshot(except...)
	do()
	if diff := before.Diff(m.Snapshot(except...)); diff != "" {
		t.Errorf("the node has changed:\n%s", diff)
	}
}

// ledAstray breaks what a foreign key leads to: the next run tells it, though there
// is nothing to change, and an audit does no more than tell it.
func ledAstray(t *testing.T, m *boot.Machine, manifest string) {
	t.Helper()
	m.MustSh("rm -r /opt/old/rules")
	const says = `types: RULES_DIR: "/opt/old/rules" leads nowhere: there is no /opt/old/rules`
	stopped(t, m, manifest, says)
	audited := strings.Replace(manifest, "    group: web\n", "    group: web\n    audit: true\n", 1)
	if result := run(m, audited, "apply"); result.Code != 0 || !strings.Contains(result.Stdout, says) {
		t.Errorf("audited: want exit 0 and %q: %s", says, result)
	}
}

// Services that run, that nobody declared, and that read what has changed, under
// whatever name, are told, and left alone.
func TestUndeclaredReaders(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`echo A=1 >/etc/fed.env; ln -s fed.env /etc/other.env
for unit in 'direct=/etc/fed.env' 'link=/etc/other.env' 'pattern=-/etc/fe*.env' 'idle=/etc/fed.env' 'none=/etc/environment'; do
	printf '[Service]\nEnvironmentFile=%s\nExecStart=sleep infinity\n' "${unit#*=}" >"/etc/systemd/system/${unit%%=*}.service"
done
systemctl daemon-reload; systemctl start direct link pattern none`)
	before := pid(m, "direct")
	result := run(m, "env_files: {/etc/fed.env: {set: {A: 2}}}\n", "apply")
	for unit, told := range map[string]bool{"direct": true, "link": true, "pattern": true, "idle": false, "none": false} {
		if strings.Contains(result.Stdout, unit+".service reads it and goes on with the old one") != told {
			t.Errorf("%s.service is told: %v: %s", unit, !told, result)
		}
	}
	if pid(m, "direct") != before {
		t.Error("a service that nobody declared was restarted")
	}
}
