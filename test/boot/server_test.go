package boot

import (
	"strings"
	"testing"
)

func TestServer(t *testing.T) {
	t.Parallel()
	m := Node(t)
	m.Server()

	m.Must("systemctl", "is-active", "makenotwork", "caddy", "ssh", "cron")
	m.Must("systemctl", "is-enabled", "makenotwork")
	const health = `{"status":"operational","version":"0.9.1","checks":{"database":true}}`
	for _, url := range []string{"localhost:3000", "localhost:8080", "localhost:8082"} {
		if got := m.Must("curl", "-s", "--fail", url+"/api/health"); got != health {
			t.Errorf("%s: %s", url, got)
		}
	}
	for path, want := range map[string]string{
		"/opt/makenotwork/makenotwork":  "755 root:root",
		"/opt/makenotwork/.env":         "600 makenotwork:makenotwork",
		"/opt/makenotwork/docs":         "755 makenotwork:makenotwork",
		"/opt/makenotwork/rustdoc":      "755 UNKNOWN:staff",
		"/opt/makenotwork/yara-rules":   "755 root:root",
		"/opt/git/max/meta.git":         "755 git:git",
		"/opt/git/.ssh/authorized_keys": "600 git:git",
		"/etc/sudoers.d/mnw-git-ssh":    "440 root:root",
	} {
		if got := m.Must("stat", "-c", "%a %U:%G", path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if got := m.Must("getent", "passwd", "git"); got != "git:x:995:986::/opt/git:/bin/sh" {
		t.Error(got)
	}
	if got := m.MustSh("wc -l </opt/makenotwork/.env; ls -d /opt/makenotwork/.env.bak.* | wc -l"); got != "110\n5" {
		t.Error(got)
	}
	if refs := m.Must("runuser", "-u", "git", "--", "git", "ls-remote", "/opt/git/max/site.git"); !strings.Contains(refs, "refs/heads/main") {
		t.Error(refs)
	}

	if got := m.MustSh("find /opt/git -type f -links +1 | wc -l; ls /opt/makenotwork/backups/*.gz | wc -l; grep -c error-pages /etc/caddy/Caddyfile"); got != "525\n242\n3" {
		t.Error(got)
	}
	for program, paths := range map[string]string{"makenotwork": "mnw-admin\nssh/known_hosts", "mnw-admin": ".env\nmnw-admin"} {
		if got := m.MustSh("grep -aoE '/opt/makenotwork/(mnw-admin|ssh/known_hosts|[.]env)' /opt/makenotwork/" + program + " | sed s,/opt/makenotwork/,, | sort -u"); got != paths {
			t.Errorf("%s knows %q", program, got)
		}
	}
	if got := m.Sh("sudo -u git /opt/makenotwork/mnw-admin rebuild-keys"); !strings.Contains(got.Stderr, "DATABASE_URL must be set: NotPresent") {
		t.Error(got)
	}
	m.MustSh("set -a; . /opt/makenotwork/.env; cd /opt/git; rm -r .ssh; sudo -u git -E /opt/makenotwork/mnw-admin rebuild-keys; test -s .ssh/authorized_keys")

	m.MustSh(Push)
	m.Must("systemctl", "stop", "makenotwork")
	if page := m.Must("curl", "-s", "localhost:8080"); !strings.Contains(page, "The server is down") {
		t.Errorf("with the server stopped caddy shows\n%s", page)
	}
}

// The server starts with everything that its environment names, or not at all.
func TestServerReadsItsEnvironment(t *testing.T) {
	t.Parallel()
	m := Node(t)
	m.Server()
	m.MustSh("sed -i s,yara-rules,no-rules, /opt/makenotwork/.env; systemctl restart makenotwork; sleep 0.5")
	if state := m.Run("systemctl", "is-active", "makenotwork").Stdout; state == "active\n" {
		t.Error("it runs without its rules")
	}
	if log := m.Must("journalctl", "-u", "makenotwork", "-o", "cat"); !strings.Contains(log, "YARA_RULES_DIR: stat /opt/makenotwork/no-rules") {
		t.Error(log)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	m := Node(t)
	m.Server()
	m.Release("0.9.5")
	m.Release("0.9.6")

	if got := m.Must("readlink", "-f", "/opt/mnw/current"); got != "/opt/mnw/releases/0.9.6" {
		t.Error(got)
	}
	m.MustSh("cd /opt/mnw/releases/0.9.5; ls makenotwork mnw-admin docs/economics.md docs/assumptions.toml static/site.css error-pages/404.html")
	m.MustSh("sed -i 's,/opt/makenotwork/docs/business,/opt/mnw/current/docs,; s,/opt/makenotwork/docs,/opt/mnw/current/docs,' /opt/makenotwork/.env")
	m.MustSh("sed -i s,/opt/makenotwork/makenotwork,/opt/mnw/current/makenotwork, /etc/systemd/system/makenotwork.service")
	m.MustSh("systemctl daemon-reload; systemctl restart makenotwork")
	if got := m.Must("curl", "-s", "--retry-connrefused", "--retry", "5", "localhost:3000/api/health"); !strings.Contains(got, `"version":"0.9.6"`) {
		t.Error(got)
	}
	if got := m.Must("curl", "-s", "--fail", "localhost:3000/docs/economics"); !strings.Contains(got, "economics") {
		t.Error(got)
	}
}
