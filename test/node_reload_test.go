package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// manyUnits changes what four running services consist of or read, each in
// another way: the first drop-in of one, a unit file in /etc before that in /lib,
// another unit file, an environment file. A fifth one is new.
const manyUnits = `
env_files:
  /etc/reader.env: {set: {PORT: 4000}}
units:
  cron.service: {dropins: {nice: "[Service]\nNice=5\n"}}
  ssh.service: {source: /lib/systemd/system/ssh.service}
  web.service: {content: "[Service]\nNice=5\nExecStart=/bin/sleep infinity\n", active: true}
  reader.service: {content: "[Service]\nEnvironmentFile=/etc/reader.env\nExecStart=/bin/sleep infinity\n", active: true}
  new.service: {content: "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n", enabled: true, active: true}
`

// However many units change, systemd reads unit files once, each service starts
// once, and with the new files.
func TestOneDaemonReload(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/web.service
printf '[Service]\nEnvironmentFile=/etc/reader.env\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/reader.service
echo PORT=3000 >/etc/reader.env
systemctl daemon-reload; systemctl start web reader; sleep 0.1`)
	for _, want := range []struct {
		said            string
		reloads, starts int
	}{{"changed", 1, 1}, {"all as declared", 0, 0}} {
		began := m.MustSh(`journalctl --sync; date +%s.%N`)
		result := run(m, manyUnits, "apply")
		if result.Code != 0 || !strings.Contains(result.Stdout, want.said) {
			t.Errorf("want %q: %s", want.said, result)
		}
		log := m.MustSh("journalctl --sync; journalctl --output=cat --since=@" + began + " _PID=1")
		if n := strings.Count("\n"+log+"\n", "\nReloading.\n"); n != want.reloads {
			t.Errorf("systemd has read unit files %d times, want %d", n, want.reloads)
		}
		for _, unit := range []string{"cron", "ssh", "web", "reader", "new"} {
			if n := strings.Count(log, "Started "+unit+".service"); n != want.starts {
				t.Errorf("%s was started %d times, want %d:\n%s", unit, n, want.starts, log)
			}
		}
	}
	m.MustSh(`
nice() { ps -o ni= -p "$(systemctl show -P MainPID $1)" | tr -d ' '; }
test "$(nice cron) $(nice web)" = '5 5'
test "$(systemctl show -P FragmentPath ssh)" = /etc/systemd/system/ssh.service
tr '\0' '\n' <"/proc/$(systemctl show -P MainPID reader)/environ" | grep -qx PORT=4000`)
}

// A Caddyfile that caddy validates and cannot load fails the reload: all is taken
// back, the site goes on as it was, and the next good file is loaded.
func TestReloadFails(t *testing.T) {
	t.Parallel()
	m := ready(t)
	serve := func(port, text string) boot.Result {
		return run(m, `
files:
  /srv/beside: {content: "`+text+`"}
caddyfiles:
  /etc/caddy/Caddyfile: {content: "http://:`+port+` {\n\trespond `+text+`\n}\n"}
`, "apply")
	}
	if result := serve("8090", "good"); result.Code != 0 {
		t.Fatal(result)
	}
	caddy := pid(m, "caddy")
	for range 2 {
		result := serve("22", "taken") // by sshd
		for _, text := range []string{"run:caddy.service: the reload failed: it still runs with what it had loaded before", "address already in use"} {
			if result.Code != 3 || !strings.Contains(result.Stdout, text) {
				t.Errorf("want exit 3 and %q: %s", text, result)
			}
		}
		if page := m.Must("curl", "-sS", "localhost:8090") + m.ReadFile("/srv/beside"); page != "goodgood" {
			t.Errorf("there is %q", page)
		}
		if state := m.Must("systemctl", "is-active", "caddy"); state != "active" {
			t.Errorf("caddy is %s", state)
		}
		m.MustSh("rm " + stateDir + "/held.json")
	}
	if result := serve("8091", "mended"); result.Code != 0 {
		t.Errorf("with a good file: %s", result)
	}
	if page := m.Must("curl", "-sS", "localhost:8091"); page != "mended" {
		t.Errorf("caddy serves %q", page)
	}
	if pid(m, "caddy") != caddy {
		t.Error("caddy was restarted, not reloaded")
	}
}
