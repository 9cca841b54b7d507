package test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// One apply moves the server of examples/mnw to its new layout, with one reload
// of caddy and one restart of the server; the second one touches nothing and
// starts nothing.
func TestMnwConverges(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.Server()
	m.Release("0.9.5") // as the deployment tool does
	m.Put("../examples/mnw", "/root/mnw")
	m.InstallAgent()
	const manifest = "/root/mnw/manifest.yaml"

	before := m.Snapshot(stateDir)
	caddy := pid(m, "caddy")
	if result := m.Agent("plan", manifest); result.Code != 2 {
		t.Fatalf("plan: %s", result)
	}
	if diff := before.Diff(m.Snapshot(stateDir)); diff != "" {
		t.Errorf("plan has changed the node:\n%s", diff)
	}
	if result := m.Agent("apply", manifest); result.Code != 0 {
		t.Fatalf("apply: %s", result)
	}
	moved(t, m)
	if now := pid(m, "caddy"); now != caddy {
		t.Error("caddy was restarted, not reloaded")
	}

	looked, loaded := m.Snapshot(stateDir), unitsLoaded(m)
	result, programs := m.Execs(boot.AgentPath, "apply", manifest)
	if result.Code != 0 || !strings.Contains(result.Stdout, "all as declared") {
		t.Errorf("second apply: %s", result)
	}
	if !slices.Equal(programs, []string{boot.AgentPath}) {
		t.Errorf("the second apply has started %s", programs[1:])
	}
	if diff := looked.Diff(m.Snapshot(stateDir)); diff != "" {
		t.Errorf("the second apply has changed the node:\n%s", diff)
	}
	if now := unitsLoaded(m); now != loaded {
		t.Error("the second apply has reloaded systemd")
	}
}

// moved fails unless the server is on its new layout, and works there.
func moved(t *testing.T, m *boot.Machine) {
	t.Helper()
	for what, script := range map[string]string{
		"health":        `curl -sS --fail localhost:8080/api/health | grep -q '"version":"0.9.5"'`,
		"environment":   `tr '\0' '\n' </proc/$(systemctl show -P MainPID makenotwork)/environ | grep -qx YARA_RULES_DIR=/opt/mnw/yara-rules`,
		"secrets kept":  `grep -qx 'SESSION_SECRET=fake-session-secret-5f1c0a7e9b' /etc/mnw/makenotwork.env`,
		"old env":       `grep -qx 'YARA_RULES_DIR=/opt/makenotwork/yara-rules' /opt/makenotwork/.env`,
		"env file":      `test "$(stat -c '%a %U:%G' /etc/mnw/makenotwork.env)" = '640 root:makenotwork'`,
		"error pages":   `! grep -q /opt/makenotwork/error-pages /etc/caddy/Caddyfile; curl -sS localhost:2019/config/ | grep -q /opt/mnw/current/error-pages`,
		"other caddy":   `grep -q 'root \* /usr/share/doc' /etc/caddy/Caddyfile`,
		"sudo":          `sudo -u makenotwork sudo -n -l -u git /opt/mnw/current/mnw-admin rebuild-keys`,
		"other sudo":    `sudo -u mnw-cli sudo -n -l -u git /usr/bin/tee`,
		"crontab":       `test "$(crontab -l -u makenotwork | grep -c backup-db.sh)" = 1; crontab -l -u makenotwork | grep -q 'uploads nobody came back for'`,
		"root's table":  `crontab -l | grep -q pg_backup.sh`,
		"backup":        `runuser -u makenotwork -- /opt/mnw/backup-db.sh`,
		"home of git":   `test "$(getent passwd git | cut -d: -f6)" = /var/lib/mnw/git`,
		"login":         `test "$(getent passwd makenotwork | cut -d: -f7)" = /bin/bash`,
		"git can enter": `runuser -u git -- ls /var/lib/mnw/git`,
		"enabled":       `systemctl is-enabled makenotwork`,
	} {
		if result := m.Sh(script); result.Code != 0 {
			t.Errorf("%s: %s: %s", what, script, result)
		}
	}
}

// The manifest of the quick start does what it says, twice.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.Put("../examples", "/root/examples")
	for _, want := range []string{"changed", "all as declared"} {
		if result := m.Agent("apply", "/root/examples/quickstart.yaml"); result.Code != 0 || !strings.Contains(result.Stdout, want) {
			t.Errorf("want %q: %s", want, result)
		}
	}
	if page := m.ReadFile("/srv/www/index.html"); page != "<h1>Hello from node</h1>\n" {
		t.Error(page)
	}
}

// The whole move is taken back in one step, and the old server answers again. So
// it is when the new one does not answer as it should.
func TestMnwGoesBack(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.Server()
	m.Release("0.9.5")
	m.Put("../examples/mnw", "/root/mnw")
	m.InstallAgent()
	const manifest = "/root/mnw/manifest.yaml"
	look := func() boot.Snapshot {
		return m.Snapshot(append(crashPlaces, "/etc/subuid", "/etc/subgid", "/var/lib/caddy")...).WithoutTimes()
	}
	before := look()
	back := func(when string) {
		t.Helper()
		diff := before.Diff(look())
		if crontab := regexp.MustCompile(`(?m)^~ /var/spool/cron/crontabs/makenotwork .*\n`); crontab.ReplaceAllString(diff, "") != "" {
			t.Errorf("%s, it is not as it was:\n%s", when, diff)
		}
		for what, script := range map[string]string{
			"health":      `curl -sS --fail localhost:3000/api/health | grep -q '"version":"0.9.1"'`,
			"error pages": `curl -sS localhost:2019/config/ | grep -q /opt/makenotwork/error-pages`,
			"crontab":     `crontab -l -u makenotwork | grep -q '^0 3 \* \* \* /opt/makenotwork/backup-db.sh'`,
		} {
			if result := m.Sh(script); result.Code != 0 {
				t.Errorf("%s: %s: %s", when, what, result)
			}
		}
	}
	if result := m.Agent("apply", manifest); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh(`curl -sS --fail localhost:3000/api/health | grep -q '"version":"0.9.5"'`)
	if result := m.Agent("rollback"); result.Code != 0 {
		t.Fatal(result)
	}
	back("taken back by hand")

	m.MustSh(`sed -i 's/contains: operational, within: 30s/contains: 0.9.1, within: 2s/' ` + manifest)
	result := m.Agent("apply", "--json", manifest)
	if r := report(t, result); result.Code != 3 || r.Checks[0].Outage == nil || !strings.Contains(r.Rollback.Because, "check:api passed before, and fails now: the body does not contain") {
		t.Fatal(result)
	}
	back("taken back by itself")
}
