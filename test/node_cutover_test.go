package test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// cutoverDir is where the manifests of the cutover are on a node.
const cutoverDir = "/root/mnw/"

// oldServer is a node that is the server before its cutover, with release 0.9.5
// brought and nothing run from it. The deployment tool's key is /root/sando.
func oldServer(t *testing.T) *boot.Machine {
	t.Helper()
	m := boot.Node(t)
	m.Server()
	m.Release("0.9.5")
	m.Put("../examples/mnw", cutoverDir)
	m.MustSh(`ssh-keygen -q -t ed25519 -N '' -f /root/sando; sed -i "s|sando: ssh-ed25519 .*|sando: $(cut -d' ' -f1,2 /root/sando.pub)|" ` + cutoverDir + "cutover.yaml")
	m.InstallAgent()
	return m
}

// What was there before the cutover is written down: nothing differs, until somebody
// changes something.
func TestProdBefore(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	for _, verb := range []string{"plan", "apply"} {
		if result := m.Agent(verb, cutoverDir+"prod-before.yaml"); result.Code != 0 || !strings.Contains(result.Stdout, "all as declared") {
			t.Fatalf("%s: %s", verb, result)
		}
	}
	m.MustSh("chmod 0644 /opt/makenotwork/.env")
	if result := m.Agent("plan", cutoverDir+"prod-before.yaml"); result.Code != 2 {
		t.Fatal(result)
	}
}

// objects is every object in the repositories below a directory, by repository.
func objects(m *boot.Machine, dir string) string {
	return m.MustSh("cd " + dir + ` && for r in $(find . -name '*.git' -type d | sort); do
		runuser -u git -- git --git-dir=$r fsck --full --strict --no-dangling >&2
		runuser -u git -- git --git-dir=$r cat-file --batch-all-objects --batch-check="$r %(objectname)"
	done`)
}

// The cutover is one apply. Whoever asks the server meanwhile goes without an answer
// for hardly longer than the server takes to start, and the report says for how long;
// who pushes loses nothing; and what is there then is what the account documents.
func TestCutover(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	m.MustSh(boot.Push)
	before, files := objects(m, "/opt/git"), m.Snapshot("/opt/mnw", stateDir).WithoutTimes()
	started := startTime(t, m)

	heard := whileAsking(t, m, func() {
		result := m.Agent("apply", "--json", cutoverDir+"cutover.yaml")
		if result.Code != 0 {
			t.Fatal(result)
		}
		m.WriteFile("/root/report.json", result.Stdout, 0o600)
	})
	r := report(t, m.Run("cat", "/root/report.json"))
	said := 0.0
	for _, check := range r.Checks {
		if check.Check == "api" && check.Outage != nil {
			said = check.Outage.Seconds
		}
	}
	t.Logf("the server takes %.3fs to start; the client was without an answer for %.3fs, the report says %.3fs; windows: %+v", started, heard, said, r.Windows)
	if heard > started+1 || math.Abs(heard-said) > 0.1 {
		t.Errorf("the client was without an answer for %.3fs, the report says %.3fs, and the server takes %.3fs to start", heard, said, started)
	}
	cutOver(t, m)
	if missing := lacks(objects(m, "/var/lib/mnw/git"), before); missing != "" {
		t.Errorf("objects are lost:\n%s", missing)
	}
	m.MustSh(boot.Push)
	after := m.Snapshot("/opt/mnw", stateDir).WithoutTimes()
	for name, entry := range files {
		if under(name, "/opt/makenotwork") && entry != after[name] {
			t.Errorf("%s is no longer as it was", name)
		}
	}
	if again := m.Agent("apply", cutoverDir+"cutover.yaml"); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("a second apply: %s", again)
	}
}

func under(name, dir string) bool { return strings.HasPrefix(name, dir+"/") }

// lacks is the lines of a text that another one does not have.
func lacks(text, lines string) string {
	has := map[string]bool{}
	for line := range strings.Lines(text + "\n") {
		has[strings.TrimSpace(line)] = true
	}
	var missing strings.Builder
	for line := range strings.Lines(lines + "\n") {
		if !has[strings.TrimSpace(line)] {
			missing.WriteString(line)
		}
	}
	return missing.String()
}

// startTime is how long the old server takes from its start to its first answer.
func startTime(t *testing.T, m *boot.Machine) (seconds float64) {
	t.Helper()
	text := m.MustSh(`systemctl stop makenotwork; began=$(date +%s%N); systemctl start makenotwork
		until curl -s --fail localhost:3000/api/health >/dev/null; do sleep 0.01; done; echo $((($(date +%s%N) - began) / 1000))`)
	if _, err := fmt.Sscan(text, &seconds); err != nil {
		t.Fatal(err)
	}
	return seconds / 1e6
}

// whileAsking does something while somebody asks the server, and says how long that one
// went without an answer.
func whileAsking(t *testing.T, m *boot.Machine, do func()) (seconds float64) {
	t.Helper()
	m.Install("test/client", "/root/client")
	m.MustSh("/root/client http://127.0.0.1:3000/api/health >/root/heard 2>&1 & sleep 0.3")
	do()
	var heard struct {
		Asked  int
		Outage float64
	}
	text := m.MustSh("sleep 0.3; pkill -TERM -x client; sleep 0.2; cat /root/heard")
	if err := json.Unmarshal([]byte(text), &heard); err != nil || heard.Asked < 50 {
		t.Fatalf("%s: %v", text, err)
	}
	return heard.Outage
}

// cutOver fails unless the server is as the account leaves it (A to F), and works.
func cutOver(t *testing.T, m *boot.Machine) {
	t.Helper()
	for path, want := range map[string]string{
		"/opt/mnw":                                "755 root:root",
		"/opt/mnw/releases":                       "755 makenotwork:makenotwork",
		"/etc/mnw":                                "750 root:makenotwork",
		"/home/makenotwork/.ssh/authorized_keys":  "600 makenotwork:makenotwork",
		"/etc/mnw/makenotwork.env":                "640 root:makenotwork",
		"/var/lib/mnw":                            "755 makenotwork:makenotwork",
		"/var/lib/mnw/git":                        "755 git:git",
		"/var/lib/mnw/git/.ssh":                   "700 git:git",
		"/var/lib/mnw/git/max/meta.git":           "755 git:git",
		"/etc/sudoers.d/mnw-git-ssh":              "440 root:root",
		"/etc/systemd/system/makenotwork.service": "644 root:root",
		"/opt/makenotwork/.env":                   "600 makenotwork:makenotwork",
		"/opt/makenotwork/yara-rules":             "755 root:root",
		"/opt/git/max/meta.git":                   "755 git:git",
	} {
		if got := m.Must("stat", "-c", "%a %U:%G", path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	for what, script := range map[string]string{
		"C.4 paths":         `cd /etc/mnw; for l in DOCS_PATH=/opt/mnw/current/docs ASSUMPTIONS_PATH=/opt/mnw/current/docs/assumptions.toml YARA_RULES_DIR=/opt/mnw/yara-rules GIT_REPOS_PATH=/var/lib/mnw/git; do grep -qx $l makenotwork.env; done`,
		"C.4 other lines":   `test "$(diff /opt/makenotwork/.env /etc/mnw/makenotwork.env | grep -c '^[<>]')" = 8; test $(wc -l </etc/mnw/makenotwork.env) = 110`,
		"C.4 what it reads": `tr '\0' '\n' </proc/$(systemctl show -P MainPID makenotwork)/environ | grep -qx GIT_REPOS_PATH=/var/lib/mnw/git`,
		"C.5 rules":         `test "$(readlink /opt/mnw/yara-rules)" = /opt/makenotwork/yara-rules; test -e /opt/mnw/yara-rules/webshell.yarc`,
		"C.6 hard links":    `test $(find /var/lib/mnw/git -type f -links +1 | wc -l) -ge 525`,
		"C.6 git gets in":   `runuser -u git -- ls /var/lib/mnw/git/max >/dev/null; runuser -u makenotwork -- ls /var/lib/mnw/git/max >/dev/null`,
		"C.7 Caddyfile":     `test $(grep -c 'root \* /opt/mnw/current/error-pages' /etc/caddy/Caddyfile) = 3; ! grep -q makenotwork /etc/caddy/Caddyfile; test $(curl -sS localhost:2019/config/ | grep -o /opt/mnw/current/error-pages | wc -l) = 3`,
		"C.8 sudoers":       `test "$(cat /etc/sudoers.d/mnw-git-ssh)" = "makenotwork ALL=(git) NOPASSWD: /opt/mnw/current/mnw-admin rebuild-keys"; sudo -u makenotwork sudo -n -l -u git /opt/mnw/current/mnw-admin rebuild-keys`,
		"A mnw-cli":         `test "$(cat /etc/sudoers.d/mnw-cli-git)" = "mnw-cli ALL=(git) NOPASSWD: /usr/bin/git-*, /usr/bin/tee, /usr/bin/chmod"`,
		"A crontabs":        `crontab -l -u makenotwork | grep -qxF '0 3 * * * /opt/makenotwork/backup-db.sh >> /opt/makenotwork/backups/backup.log 2>&1'; crontab -l | grep -qxF '0 3 * * * /opt/backups/pg_backup.sh >> /var/log/pg_backup.log 2>&1'`,
		"B.3 login":         `test "$(getent passwd makenotwork | cut -d: -f7)" = /bin/bash`,
		"B.2 key":           `test "$(ssh -i /root/sando -o StrictHostKeyChecking=accept-new makenotwork@localhost id -un)" = makenotwork`,
		"C.9 unit":          `test "$(systemctl show -P NeedDaemonReload makenotwork)" = no; systemctl cat makenotwork | grep -qx RestartPreventExitStatus=2; systemctl is-enabled makenotwork`,
		"C.12 health":       `curl -sS --fail localhost:8080/api/health | grep -qF '{"status":"operational","version":"0.9.5","checks":{"database":true}}'`,
		"C.13 pages":        `for p in economics roadmap tiers; do curl -sS --fail localhost:8080/docs/$p >/dev/null; done`,
		"D the old tree":    `test $(ls /opt/makenotwork/backups/*.gz | wc -l) = 242; ls -d /opt/makenotwork/.env.bak.* | wc -l | grep -qx 5`,
		"G.3 home of git":   `test "$(getent passwd git)" = git:x:995:986::/var/lib/mnw/git:/bin/sh`,
	} {
		if result := m.Sh("set -e; " + script); result.Code != 0 {
			t.Errorf("%s: %s: %s", what, script, result)
		}
	}
}

// When the new version does not answer as it should, the same apply takes everything
// back by itself, and the old server answers again.
func TestCutoverGoesBack(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	m.IllRelease("0.9.5")
	m.MustSh("sed -i 's/within: 30s/within: 3s/' " + cutoverDir + "cutover.yaml")
	look := func() boot.Snapshot {
		return m.Snapshot(append(crashPlaces, "/etc/subuid", "/etc/subgid", "/var/lib/caddy")...).WithoutTimes()
	}
	before, kept := look(), objects(m, "/opt/git")
	result := m.Agent("apply", "--json", cutoverDir+"cutover.yaml")
	if r := report(t, result); result.Code != 3 || r.Result != agent.RolledBack || r.Count(agent.OutcomeChanged) != 0 ||
		!strings.Contains(r.Rollback.Because, "passed before, and fails now") {
		t.Fatal(result)
	}
	if diff := before.Diff(look()); diff != "" {
		t.Errorf("it is not as it was:\n%s", diff)
	}
	m.MustSh(`curl -sS --retry 20 --retry-connrefused --fail localhost:3000/api/health | grep -q '"version":"0.9.1"'`)
	if lost := lacks(objects(m, "/opt/git"), kept); lost != "" {
		t.Errorf("objects are lost:\n%s", lost)
	}
	m.MustSh(boot.Push)
}
