package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// web is a service that reads an environment file, and what belongs to it.
func web(port string) string {
	return `
users: {web: {system: true}}
env_files: {/etc/web.env: {set: {PORT: "` + port + `"}, secrets: {TOKEN: canary-` + port + `}}}
directories: {/srv/web: {owner: web}}
files: {/srv/web/index: {content: "` + port + `\n"}}
crontabs: {web: {jobs: {j: {schedule: "@daily", command: /bin/true ` + port + `}}}}
units: {web.service: {active: true, enabled: true, settle: 50ms, content: "[Service]\nUser=web\nEnvironmentFile=/etc/web.env\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"}}
`
}

func webRuns(port string) string {
	return `tr '\0' '\n' <"/proc/$(systemctl show -P MainPID web)/environ" | grep -qx PORT=` + port + `; test "$(cat /srv/web/index)" = ` + port + `; crontab -l -u web | grep -q ` + port
}

// One run after the other is taken back, reactions included; a roll-back can be
// taken back itself.
func TestRollback(t *testing.T) {
	t.Parallel()
	m := ready(t)
	before := m.Snapshot(crashPlaces...).WithoutTimes()
	for _, port := range []string{"3000", "4000"} {
		if result := run(m, web(port), "apply"); result.Code != 0 {
			t.Fatal(result)
		}
	}
	back := func(code int, args ...string) boot.Result {
		t.Helper()
		result := m.Agent(append([]string{"rollback"}, args...)...)
		if result.Code != code || strings.Contains(result.Stdout+result.Stderr, "canary") {
			t.Fatalf("rollback %s: want %d: %s", args, code, result)
		}
		return result
	}
	back(0)
	m.MustSh(webRuns("3000"))
	if held := run(m, web("4000"), "apply"); held.Code != 3 || !strings.Contains(held.Stdout, "held since run 2") {
		t.Errorf("the manifest is not held: %s", held)
	}
	// the roll-back itself
	if freed := back(0, "3"); !strings.Contains(freed.Stdout, "no longer held") || strings.Contains(freed.Stdout, "held until") {
		t.Error(freed)
	}
	m.MustSh(webRuns("4000"))
	if again := run(m, web("4000"), "apply"); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("it is held still: %s", again)
	}
	if twice := back(1, "3"); !strings.Contains(twice.Stderr, "run 3 is taken back already, by run 4") {
		t.Error(twice)
	}
	back(0)
	back(0)
	if diff := before.Diff(m.Snapshot(crashPlaces...).WithoutTimes()); diff != "" {
		t.Errorf("taken back, the node is another:\n%s", diff)
	}
	m.MustSh("! id web; ! systemctl is-active web; test \"$(systemctl show -P LoadState web)\" = not-found")
	if none := back(1); !strings.Contains(none.Stderr, "there is no run in the journal to take back") {
		t.Error(none)
	}
	shown := m.Agent("history", "2")
	if !strings.Contains(shown.Stdout, "-PORT=3000") || !strings.Contains(shown.Stdout, "+PORT=4000") || strings.Contains(shown.Stdout, "canary") {
		t.Errorf("history 2: %s", shown)
	}
	if list := m.Agent("history"); strings.Count(list.Stdout, "\n") != 6 || !strings.Contains(list.Stdout, "(taken back by run 6)") {
		t.Errorf("history: %s", list)
	}
	m.MustSh(`test -z "$(find ` + stateDir + ` ! -type d -perm /077 -o -type d -perm /077)"`)
}

// Where the node has moved on, a roll-back is refused and changes nothing, unless
// it is forced. What others have put into a directory stays in any case.
func TestRollbackMoved(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const manifest = `
users: {daemon: {shell: /bin/sh}}
directories: {/srv/made: {}}
files: {/srv/made/file: {content: x}, /etc/edited: {content: "new\n"}, /etc/fine: {content: "new\n"}}
crontabs: {daemon: {jobs: {j: {schedule: "@daily", command: /bin/true}}}}
`
	moves := map[string]string{
		"a file":    "echo by hand >/etc/edited",
		"its mode":  "chmod 0600 /etc/edited",
		"gone":      "rm /etc/edited",
		"a crontab": "echo '@daily true' | crontab -u daemon -",
		"a user":    "usermod --shell /bin/bash daemon",
		"a link":    "rm /etc/edited; ln -s /etc/fine /etc/edited",
	}
	for what, move := range moves {
		m.MustSh("echo old >/etc/edited; echo old >/etc/fine; chmod 0644 /etc/edited; rm -rf /srv/made; usermod --shell /usr/sbin/nologin daemon; crontab -r -u daemon 2>/dev/null || :")
		if result := run(m, manifest, "apply", "--retry-held"); result.Code != 0 {
			t.Fatalf("%s: %s", what, result)
		}
		m.MustSh(move)
		moved := m.Snapshot(stateDir)
		refused := m.Agent("rollback")
		if refused.Code != 1 || !strings.Contains(refused.Stdout, "has changed since run ") || !strings.Contains(refused.Stdout, "nothing was changed: the node has moved on since") {
			t.Errorf("%s: %s", what, refused)
		}
		if diff := moved.Diff(m.Snapshot(stateDir)); diff != "" {
			t.Errorf("%s: refused, it has changed the node:\n%s", what, diff)
		}
		if forced := m.Agent("rollback", "--force"); forced.Code != 0 {
			t.Errorf("%s, forced: %s", what, forced)
		}
		m.MustSh(`
test "$(cat /etc/edited /etc/fine)" = "old
old"; test "$(stat -c %a%F /etc/edited)" = "644regular file"; test "$(getent passwd daemon | cut -d: -f7)" = /usr/sbin/nologin; ! crontab -l -u daemon`)
		m.MustSh("! test -e /srv/made")
	}

	m.MustSh("mkdir -p /srv/made")
	if result := run(m, "directories: {/srv/made/below: {}}\n", "apply", "--retry-held"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh("echo precious >/srv/made/below/foreign")
	if kept := m.Agent("rollback"); kept.Code != 0 || !strings.Contains(kept.Stdout, "note: the directory is kept: others have put foreign into it") {
		t.Errorf("a directory with something in it: %s", kept)
	}
	m.MustSh(`test "$(cat /srv/made/below/foreign)" = precious`)
}

// A unit that does not come up on the way back may say what is secret. It is not
// repeated, though no manifest tells that it is; and the roll-back can be made
// again when the unit is mended.
func TestRollbackUnitFails(t *testing.T) {
	t.Parallel()
	m := ready(t)
	manifest := func(token string) string {
		return `
env_files: {/etc/tells.env: {secrets: {TOKEN: ` + token + `}}}
units: {tells.service: {active: true, settle: 50ms, content: "[Service]\nType=oneshot\nRemainAfterExit=yes\nEnvironmentFile=/etc/tells.env\nExecStart=/bin/sh -c 'echo words of $TOKEN; test ! -e /run/broken'\n"}}
`
	}
	for _, token := range []string{"canary-old", "canary-new"} {
		if result := run(m, manifest(token), "apply"); result.Code != 0 {
			t.Fatal(result)
		}
	}
	m.MustSh("touch /run/broken")
	result := m.Agent("rollback")
	if result.Code != 4 || !strings.Contains(result.Stdout, "words of (hidden)") || strings.Contains(result.Stdout+result.Stderr, "canary") {
		t.Errorf("rollback: %s", result)
	}
	if !strings.Contains(result.Stdout, "To be done by hand:\n    systemctl restart tells.service") {
		t.Errorf("it does not say what to do: %s", result)
	}
	m.MustSh("rm /run/broken")
	if again := m.Agent("rollback"); again.Code != 0 || !strings.Contains(again.Stdout, "Run 2 is taken back, by run 4.") {
		t.Errorf("once more: %s", again)
	}
	m.MustSh("systemctl is-active tells; grep -q canary-old /etc/tells.env")
}

// A socket or a FIFO that went with its directory does not come back, and nothing
// fails because of that: the program that uses it makes it again.
func TestRollbackSpecial(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("mkdir /srv/run; mkfifo /srv/run/pipe /srv/run/again; echo x >/srv/run/file")
	if result := run(m, "directories: {/srv/run: {state: absent, recursive: true}}\n", "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh("mkdir /srv/run; mkfifo /srv/run/again")
	if result := m.Agent("rollback"); result.Code != 0 || strings.Count(result.Stdout, "the fifo is not brought back") != 1 {
		t.Error(result)
	}
	m.MustSh(`test "$(cat /srv/run/file)" = x; test -p /srv/run/again; ! test -e /srv/run/pipe`)
}

// A roll-back that was killed is brought to its end by the next one, which takes
// no other run back. One whose line drops goes on.
func TestRollbackKilled(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const slow = `
files: {/etc/new: {content: "new\n"}}
units: {slow.service: {active: true, content: "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/bin/sleep 2\n"}}
`
	for _, manifest := range []string{"files: {/etc/old: {content: \"old\\n\"}}\n", slow} {
		if result := run(m, manifest, "apply"); result.Code != 0 {
			t.Fatal(result)
		}
	}
	interrupt := func(signal string) {
		t.Helper()
		m.Sh(boot.AgentPath + " rollback >/dev/null 2>&1 & until systemctl show -P ActiveState slow | grep -q deactivating; do sleep 0.05; done; kill -s " + signal + " $!; wait $!")
	}
	const undone = "test -e /etc/old; ! test -e /etc/new; ! test -e /etc/systemd/system/slow.service"
	interrupt("KILL")
	for _, args := range [][]string{nil, {"2"}} {
		again := m.Agent(append([]string{"rollback"}, args...)...)
		if args == nil && (again.Code != 0 || !strings.Contains(again.Stdout, "Run 2 is taken back, by run 3.")) {
			t.Errorf("again: %s", again)
		}
		if args != nil && (again.Code != 1 || !strings.Contains(again.Stderr, "run 2 is taken back already, by run 3")) {
			t.Errorf("again %s: %s", args, again)
		}
		m.MustSh(undone)
	}
	if held := run(m, slow, "apply"); held.Code != 3 || !strings.Contains(held.Stdout, "it was taken back by hand") {
		t.Errorf("it is not held: %s", held)
	}
	if result := run(m, slow, "apply", "--retry-held"); result.Code != 0 {
		t.Fatal(result)
	}
	interrupt("HUP")
	m.MustSh(undone)
	if list := m.Agent("history"); strings.Contains(list.Stdout, "cut short") {
		t.Error(list)
	}
}
