package test

import (
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A judge that hangs costs its limit: the run refuses, nothing on the node has
// changed, and nothing that the judge has started is left, a daemon of its own
// neither.
func TestAJudgeThatHangs(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/usr/local/bin/hangs", "#!/bin/sh\n(setsid sleep 4711 &)\necho thinking\nsleep 4711\n", 0o755)
	before := m.Snapshot(stateDir, manifestPath)
	result := run(m, `
files: {/srv/judged: {content: x, validate: [/usr/local/bin/hangs]}}
`, "apply")
	if result.Code != 1 || !strings.Contains(result.Stdout, "hangs was still running after 30s and was killed: thinking") {
		t.Error(result)
	}
	if diff := before.Diff(m.Snapshot(stateDir, manifestPath)); diff != "" {
		t.Errorf("the refused run has changed:\n%s", diff)
	}
	if left := sleeping(m); left != "" {
		t.Errorf("left running: %s", left)
	}
}

// When the agent is killed, a judge dies with it, and what that has started is
// ended by the next run that asks one. A program that changes the node finishes:
// useradd all it does, crontab with the whole of a long table.
func TestTheAgentIsKilledWhileAProgramRuns(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const wait = "#!/bin/sh\ntouch /run/begun\nwhile [ -d /proc/$(cat /run/agent) ]; do sleep 0.05; done\n"
	m.WriteFile("/usr/local/sbin/useradd", wait+"echo saying something\necho and more >&2\nexec /usr/sbin/useradd \"$@\"\n", 0o755)
	m.WriteFile("/usr/local/bin/crontab", wait+"exec /usr/bin/crontab \"$@\"\n", 0o755)
	m.WriteFile("/usr/local/bin/judge", "#!/bin/sh\n[ -e /run/asked ] || ! [ -e /run/agent ] || { touch /srv/x; setsid sleep 4711; }\n", 0o755)
	jobs := strings.Repeat("      \"j%\": {schedule: \"@daily\", command: \"/bin/true "+strings.Repeat("x", 900)+"\"}\n", 300)
	for i := 0; strings.Contains(jobs, "%"); i++ {
		jobs = strings.Replace(jobs, "%", string(rune('a'+i/26))+string(rune('a'+i%26)), 1)
	}

	killed(m, "users: {killed: {shell: /bin/bash}}\n", "test -e /run/begun")
	eventually(t, "useradd does not finish", func() bool { return m.Run("id", "killed").Code == 0 })
	killed(m, "crontabs:\n  daemon:\n    jobs:\n"+jobs, "test -e /run/begun")
	eventually(t, "crontab does not finish", func() bool { return m.Run("/usr/bin/crontab", "-l", "-u", "daemon").Code == 0 })
	if lines := m.MustSh("/usr/bin/crontab -l -u daemon | grep -c ' /bin/true x*$'"); lines != "300" {
		t.Errorf("of 300 jobs %s are installed", lines)
	}

	judged := "files: {/srv/judged: {content: x, validate: [/usr/local/bin/judge]}}\n"
	killed(m, judged, "pgrep -f '^sleep 4711'")
	eventually(t, "the judge is still there", func() bool { return m.Run("pgrep", "-f", "local/bin/judge").Code != 0 })
	m.MustSh("rm /run/agent")
	if result := run(m, judged, "apply"); result.Code != 0 {
		t.Error(result)
	}
	if left := sleeping(m); left != "" {
		t.Errorf("left running: %s", left)
	}
}

// killed applies a manifest, and kills the agent when a command succeeds.
func killed(m *boot.Machine, manifest, when string) {
	m.WriteFile(manifestPath, "version: 1\n"+manifest, 0o600)
	m.MustSh(`rm -f /run/begun
sh -c 'echo $$ >/run/agent; exec "$@"' sh ` + boot.AgentPath + ` apply ` + manifestPath + ` >/dev/null 2>&1 &
until ` + when + ` >/dev/null; do sleep 0.05; done
kill -9 $(cat /run/agent); wait || :`)
}

// sleeping is the processes of the judges in these tests.
func sleeping(m *boot.Machine) string { return m.Run("pgrep", "-a", "-f", "^sleep 4711").Stdout }

func eventually(t *testing.T, complaint string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(complaint)
		}
	}
}
