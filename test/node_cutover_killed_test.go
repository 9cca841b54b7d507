package test

import (
	"fmt"
	"strings"
	"testing"
)

// reached fails unless the cutover has come to its end, and nothing is lost.
const reached = `set -e
	curl -sS --fail localhost:3000/api/health | grep -q '"version":"0.9.5"'
	test "$(getent passwd git | cut -d: -f6)" = /var/lib/mnw/git
	grep -qx YARA_RULES_DIR=/opt/mnw/yara-rules /etc/mnw/makenotwork.env
	test $(wc -l </etc/mnw/makenotwork.env) = 110
	test $(grep -c 'root \* /opt/mnw/current/error-pages' /etc/caddy/Caddyfile) = 3
	grep -q /opt/mnw/current/mnw-admin /etc/sudoers.d/mnw-git-ssh
	test "$(find /var/lib/mnw/git -type f | wc -l) $(find /var/lib/mnw/git -type f -links +1 | wc -l)" = "$(find /opt/git -type f | wc -l) $(find /opt/git -type f -links +1 | wc -l)"
	diff -r --no-dereference /opt/git /var/lib/mnw/git
	test -z "$(find /opt /etc /var/lib/mnw -name '*mnw-agent*' -not -name 'mnw-agent*')"`

// asBefore fails unless the server is as it was before the cutover.
const asBefore = `set -e
	curl -sS --retry 20 --retry-connrefused --retry-delay 1 --fail localhost:3000/api/health | grep -q '"version":"0.9.1"'
	test "$(getent passwd git | cut -d: -f6)" = /opt/git
	test ! -e /etc/mnw; test ! -e /var/lib/mnw
	test "$(find /opt/git -type f | sort | xargs cat | sha256sum)" = "$(cat /root/sum)"`

// Killed at every step that it writes to its journal, the cutover is brought to its
// end by the next apply, and nothing is lost. Several nodes share the steps.
func TestCutoverKilled(t *testing.T) {
	t.Parallel()
	const nodes = 4
	for first := 1; first <= nodes; first++ {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			t.Parallel()
			binaries, err := faults()
			if err != nil {
				t.Fatal(err)
			}
			c := &nodeCrash{t, oldServer(t)}
			c.m.WriteFile("/root/faults", string(binaries["faults"]), 0o755)
			c.m.MustSh("find /opt/git -type f | sort | xargs cat | sha256sum >/root/sum")
			step := first
			for ; c.killed(step, "apply", "--retry-held", cutoverDir+"cutover.yaml"); step += nodes {
				when := fmt.Sprintf("killed at step %d", step)
				if next := c.m.Agent("apply", "--retry-held", cutoverDir+"cutover.yaml"); next.Code != 0 {
					t.Fatalf("%s: the next run: %s", when, next)
				}
				if result := c.m.Sh(reached); result.Code != 0 {
					t.Fatalf("%s, it is not at its end: %s", when, result)
				}
				for back := c.m.Agent("rollback"); ; back = c.m.Agent("rollback") {
					if strings.Contains(back.Stderr, "there is no run in the journal to take back") {
						break
					}
					if back.Code != 0 {
						t.Fatalf("%s: rollback: %s", when, back)
					}
				}
				if result := c.m.Sh(asBefore); result.Code != 0 {
					t.Fatalf("%s, and taken back: %s", when, result)
				}
			}
			if step < 30 {
				t.Errorf("there were %d steps only", step-nodes)
			}
			t.Logf("killed at steps up to %d", step-nodes)
		})
	}
}
