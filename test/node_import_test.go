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
		"file:/root/notes", "authorized_keys:mnw-cli", "unit:cron.service", "unit:ssh.service", "unit:apt-daily.timer", "unit:dbus.socket", "unit:systemd-tmpfiles-clean.timer",
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
grep -q canary /opt/makenotwork/.env; systemctl restart makenotwork
echo canary >/root/notes; chmod 0644 /root/notes
(crontab -l; echo '1 1 * * * PGPASSWORD=canary pg_dump'; echo '@daily /bin/curl -u web:canary http://localhost/') | crontab -
ssh-keygen -q -t ed25519 -N '' -C deploy -f /tmp/deploy
home=$(getent passwd mnw-cli | cut -d: -f6); install -d -o mnw-cli -g mnw-cli -m 0700 "$home/.ssh"
(printf 'environment="TOKEN=canary" '; cat /tmp/deploy.pub) >"$home/.ssh/authorized_keys"
chmod 0600 "$home/.ssh/authorized_keys"; chown mnw-cli: "$home/.ssh/authorized_keys"`)
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
		"  # 0 3 * * * /opt/makenotwork/backup-db.sh …\n", "  # 1 1 * * * …\n", "  # @daily /bin/curl …\n",
		"  # deploy is not declared: its option environment may hold a secret\n",
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
	m.MustSh(`
for file in shared able; do echo hello >/srv/$file; chmod 0644 /srv/$file; done
setfacl -m u:alice:rw /srv/shared
setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 /srv/able`)
	more := m.Agent("import", "file:/srv/shared", "file:/srv/able")
	if more.Code != 0 || !strings.Contains(more.Stdout, "  # its access control list is not declared, ") ||
		!strings.Contains(more.Stdout, "where it is made anew, mode 0664 lets its group do what the list allows some\n  /srv/shared:\n") ||
		!strings.Contains(more.Stdout, "  # its capabilities are not declared, since no manifest has any: see setcap(8)\n  /srv/able:\n") {
		t.Error(more)
	}
	none := m.Agent("import", "crontab:alice", "authorized_keys:alice", "unit:none.service", "file:/etc", "user:bob")
	if none.Code != 1 || none.Stdout != "" || none.Stderr != "mnw-agent: authorized_keys:alice: there is no /home/alice/.ssh/authorized_keys\n"+
		"crontab:alice: user alice has no crontab\nfile:/etc: /etc is a directory\nunit:none.service: there is no unit file for none.service\nuser:bob: there is no user \"bob\"\n" {
		t.Error(none)
	}
}

// Of units it is told what no declaration says: what masks one from elsewhere, what is
// a link, what has failed. A drop-in for all services makes systemd want to be reloaded
// for ever for those that are masked, which is no difference.
func TestImportUnits(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.InstallAgent()
	m.MustSh(`
cd /etc/systemd/system
mkdir service.d web.service.d; printf '[Service]\nOOMScoreAdjust=4\n' >service.d/all.conf
printf '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nAlias=nick.service\nWantedBy=multi-user.target\n' >web.service
printf '[Service]\nExecStart=/bin/false\n[Install]\nWantedBy=multi-user.target\n' >fails.service
printf '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n' >/opt/linked.service
printf '[Service]\nEnvironment=API_TOKEN=canary\n' >web.service.d/token.conf
printf '[Service]\nNice=4\n' >'web.service.d/a b.conf'; printf '[Service]\nNice=4\n' >web.service.d/nice.conf
ln -s /dev/null web.service.d/gone.conf; ln -s /dev/null off.service
systemctl daemon-reload; systemctl enable --now web /opt/linked.service; systemctl start fails
for i in 1 2 3 4 5 6 7 8 9; do systemctl is-failed fails && break; sleep 0.2; done
test "$(systemctl show -P NeedDaemonReload sudo)" = yes`)
	result := m.Agent("import", "unit:web.service", "unit:nick.service", "unit:fails.service", "unit:linked.service", "unit:sudo.service", "unit:off.service")
	if want := `version: 1
units:
  # active is not declared: the unit is failed
  fails.service:
    content: |
      [Service]
      ExecStart=/bin/false
      [Install]
      WantedBy=multi-user.target
    enabled: false
  # its unit file is a link to /opt/linked.service: to manage them, declare both as what they are
  linked.service:
    enabled: true
    active: true
  # enabled is not declared: it is another name of web.service
  nick.service:
    active: true
  off.service:
    masked: true
  # masked is not declared: what masks it is /lib/systemd/system/sudo.service
  sudo.service: {}
  # drop-in a b.conf is not declared: its name is none for a drop-in
  # drop-in gone.conf is not declared: it is a symlink
  # drop-in token: its content is not declared: API_TOKEN in it may be a secret: to manage it, put it beside the manifest (source)
  web.service:
    content: |
      [Service]
      ExecStart=/bin/sleep 1000
      [Install]
      Alias=nick.service
      WantedBy=multi-user.target
    dropins:
      nice:
        content: |
          [Service]
          Nice=4
    enabled: true
    active: true
`; result.Code != 0 || result.Stdout != want {
		t.Fatalf("%s\nwant\n%s", result, want)
	}
	m.WriteFile(manifestPath, result.Stdout, 0o600)
	if applied := m.Agent("apply", manifestPath); applied.Code != 0 || !strings.Contains(applied.Stdout, "all as declared") {
		t.Error(applied)
	}
}
