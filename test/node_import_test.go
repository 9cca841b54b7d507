package test

import (
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// What a server is can be imported: all that examples/mnw/prod-before.yaml declares, and
// more, makes a manifest that has nothing to plan there, and to apply. No secret is in
// it, nothing is started for it, and nothing changes.
func TestImport(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	ids := []string{
		"user:root", "user:nobody", "user:_apt", "group:sudo", "directory:/tmp", "directory:/", "file:/etc/shadow", "file:/etc/motd",
		"env_file:/etc/default/cron", "symlink:/etc/mtab", "symlink:/etc/localtime", "sudoers:README", "crontab:makenotwork", "crontab:root",
		"unit:cron.service", "unit:ssh.service", "unit:apt-daily.timer", "unit:dbus.socket", "unit:systemd-tmpfiles-clean.timer",
	}
	before, err := manifests.Load("../examples/mnw/prod-before.yaml", manifests.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range before.Entries {
		if _, ok := e.Resource.(resources.Importer); ok {
			ids = append(ids, e.ID.String())
		}
	}
	m.MustSh(`
mkdir /etc/systemd/system/cron.service.d
printf '[Service]\nNice=5\n' >/etc/systemd/system/cron.service.d/nice.conf
printf '[Service]\nEnvironment=TOKEN=canary\n' >/etc/systemd/system/cron.service.d/secret.conf
chmod 0600 /etc/systemd/system/cron.service.d/secret.conf
systemctl daemon-reload; systemctl restart cron
sed -i 's/^SESSION_SECRET=.*/SESSION_SECRET=canary-canary-canary/' /opt/makenotwork/.env
grep -q canary /opt/makenotwork/.env; systemctl restart makenotwork`)
	looked := m.Snapshot("/tmp", "/root", "/run")
	result, programs := m.Execs(append([]string{boot.AgentPath, "import"}, ids...)...)
	if result.Code != 0 || result.Stderr != "" || strings.Contains(result.Stdout, "canary") || !slices.Equal(programs, []string{boot.AgentPath}) {
		t.Fatalf("%s and the programs %s", result, programs)
	}
	if diff := looked.Diff(m.Snapshot("/tmp", "/root", "/run")); diff != "" {
		t.Errorf("import has changed the node:\n%s", diff)
	}
	var imported map[string]map[string]any
	if err := yaml.Unmarshal([]byte(strings.TrimPrefix(result.Stdout, "version: 1\n")), &imported); err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, section := range imported {
		declared += len(section)
	}
	if declared != len(ids) {
		t.Errorf("%d resources are imported, want %d:\n%s", declared, len(ids), result.Stdout)
	}
	for _, want := range []string{
		"  # not declared, since a job gets comments around its line: ",
		"  # 0 3 * * * /opt/makenotwork/backup-db.sh >> /opt/makenotwork/backups/backup.log 2>&1\n",
		"      DOCS_PATH: /opt/makenotwork/docs\n", "      - SESSION_SECRET\n",
		"  # its owner is not declared: \"501\" is not a name for a user",
		"      nice:\n        content: |\n          [Service]\n          Nice=5\n",
	} {
		if !strings.Contains(result.Stdout, want) {
			t.Errorf("no %q in\n%s", want, result.Stdout)
		}
	}
	m.WriteFile(manifestPath, result.Stdout, 0o600)
	for _, verb := range []string{"validate", "plan", "apply"} {
		if again := m.Agent(verb, manifestPath); again.Code != 0 || verb != "validate" && !strings.Contains(again.Stdout, "all as declared") {
			t.Errorf("%s: %s\n%s", verb, again, result.Stdout)
		}
	}
}

// What no declaration can say is told, and so is what is not there.
func TestImportMisses(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.InstallAgent()
	m.MustSh(`
useradd -m alice
printf '#!/bin/sh\n' >/opt/tool; chmod 0755 /opt/tool; chown alice /opt/tool
echo 'alice ALL=(root) /opt/tool, /opt/later' >/etc/sudoers.d/alice; chmod 0600 /etc/sudoers.d/alice
echo 'alice ALL=(root) /opt/tool, /opt/later' >/etc/sudoers.d/meant; chmod 0440 /etc/sudoers.d/meant`)
	meant := m.Agent("import", "sudoers:meant")
	if meant.Code != 0 || !strings.Contains(meant.Stdout, "# is this meant? /etc/sudoers.d/meant:1: privilege escalation: alice may replace /opt/tool") ||
		!strings.Contains(meant.Stdout, "accept_gain:\n      alice:\n        - root\n") || !strings.Contains(meant.Stdout, "accept_missing:\n      - /opt/later\n") {
		t.Error(meant)
	}
	wrong := m.Agent("import", "sudoers:alice")
	if wrong.Code != 1 || wrong.Stderr != "mnw-agent: sudoers:alice: no declaration says this: change file /etc/sudoers.d/alice: mode 0600 -> 0440\n" {
		t.Error(wrong)
	}
	none := m.Agent("import", "crontab:alice", "authorized_keys:alice", "unit:none.service", "file:/etc", "user:bob")
	if none.Code != 1 || none.Stdout != "" || none.Stderr != "mnw-agent: authorized_keys:alice: there is no /home/alice/.ssh/authorized_keys\n"+
		"crontab:alice: user alice has no crontab\nfile:/etc: /etc is a directory\nunit:none.service: there is no unit file for none.service\nuser:bob: there is no user \"bob\"\n" {
		t.Error(none)
	}
}
