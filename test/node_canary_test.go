package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// canary is in every secret that the test below plants, each with a word of its
// own behind it.
const canary = "canary-"

// secretive declares a secret in every field that bears one.
const secretive = `
env_files:
  /etc/secret.env: {seed: /root/seed.env, set: {PORT: 1}, secrets: {TOKEN: canary-secret, LINES: "canary-first\ncanary-second"}, require: [SEEDED]}
  /etc/foreign.env: {set: {PORT: 2}, unset: [OLD]}
  /etc/all.env: {exclusive: true, secrets: {ONLY: canary-only}}
files:
  /etc/secret/content: {content: "canary-content\n", sensitive: true, mode: 0600, validate: [sh, -c, "cat /etc/secret/content; %[1]s"]}
  /etc/secret/lines: {lines: [canary-line], sensitive: true, mode: 0600, validate: [sh, -c, "cat /etc/secret/lines; %[1]s"]}
  /etc/secret/replace: {replace: {canary-old: canary-new}, sensitive: true, validate: [sh, -c, "cat /etc/secret/replace; %[1]s"]}
  /etc/secret/template: {template: template, sensitive: true, mode: 0600}
  /etc/secret/source: {source: source, sensitive: true, mode: 0600}
  /etc/secret/gone: {sensitive: true, state: absent}
directories:
  /etc/secrets: {state: absent, recursive: true}
  /srv/in-the-way: {}
units:
  secret.service: {active: true, content: "[Service]\nEnvironmentFile=/etc/secret.env\nEnvironmentFile=/etc/foreign.env\nExecStart=/bin/sleep infinity\n"}
users:
  secret: {state: %[2]s}
  other: {comment: "Other"}
`

// planting puts secrets of others where the manifest's resources find them.
var planting = map[string]string{
	"/root/seed.env":         "SEEDED=canary-seeded\n# KEY=canary-comment\n",
	"/etc/foreign.env":       "FOREIGN='canary-foreign'\nOLD=canary-unset\nPORT=8080\ncanary-stray\n",
	"/etc/all.env":           "WAS=canary-was\n",
	"/etc/secret/lines":      "canary-theirs\n",
	"/etc/secret/replace":    "canary-old and canary-beside\n",
	"/etc/secret/gone":       "canary-gone\n",
	"/etc/secrets/one":       "canary-below\n",
	"/root/template":         "{{.vars.word}} canary-template\n",
	"/root/source":           "canary-source\n",
	"/srv/in-the-way":        "canary-in-the-way\n",
	"/root/canary/bystander": "canary-bystander\n",
}

// A secret shows in nothing that the agent says, in no argument of a program, in
// no journal, and in no file that others may read.
func TestCanaries(t *testing.T) {
	t.Parallel()
	m := ready(t)
	for file, text := range planting {
		m.WriteFile(file, text, 0o600)
	}
	m.WriteFile("/root/hash", "secret:$6$canary-hash\n", 0o600)
	m.MustSh("useradd secret; chpasswd --encrypted </root/hash")
	m.Must("systemd-run", "--quiet", "--unit=sampler", "sh", "-c", `umask 077; while :; do cat /proc/[0-9]*/cmdline; done >/root/sampled 2>/dev/null`)
	said := ""
	turn := func(code int, mend, judge, user string, args ...string) {
		t.Helper()
		m.WriteFile("/root/mend", mend, 0o600)
		m.Must("sh", "-eu", "/root/mend")
		m.WriteFile(manifestPath, "version: 1\nvars: {word: canary-variable}\n"+fmt.Sprintf(secretive, judge, user), 0o600)
		if args[0] == "plan" || args[0] == "apply" {
			args = append(args, manifestPath)
		}
		traced := []string{"strace", "--follow-forks", "--trace=execve,execveat", "--string-limit=65536", "--output-append-mode", "--output=/root/executed", boot.AgentPath}
		result := m.Run(append(traced, args...)...)
		if result.Code != code {
			t.Errorf("%s: want exit %d: %s", args, code, result)
		}
		said += fmt.Sprintf("\n%s: %s", args, result)
	}
	turn(1, "", "exit 3", "absent", "plan") // the judges refuse
	turn(1, "", "exit 3", "absent", "apply", "--json")
	turn(1, "", "true", "absent", "plan", "--json") // something is in the way
	turn(1, "", "true", "absent", "apply", "--diff", "-v")
	turn(1, "", "true", "present", "apply", "--log-format=json")
	const mended = "test -d /srv/in-the-way || rm /srv/in-the-way; sed -i /ary-stray/d /etc/foreign.env"
	turn(0, mended, "true", "present", "apply", "--json")
	turn(0, "chpasswd --encrypted </root/hash", "true", "absent", "apply", "--diff")
	turn(0, "", "true", "absent", "apply", "-v")
	turn(0, "", "true", "absent", "plan", "-v")
	turn(0, "", "true", "absent", "rollback")
	if shadow := m.ReadFile("/etc/shadow"); !strings.Contains(shadow, "\nsecret:$6$canary-hash:") {
		t.Error("the roll-back has not brought the password back")
	}
	turn(0, "", "true", "absent", "apply", "--json", "--retry-held")
	turn(0, "", "true", "absent", "history", "--json")
	turn(2, `sed -i s/ary-/ary-drifted-/ /etc/secret.env /etc/secret/*; chmod 0600 /etc/secret/*`, "true", "absent", "plan", "--json")
	turn(0, "", "true", "absent", "apply", "--diff", "--log-format=json")
	turn(1, "echo canary-more >>/etc/secret/content; chattr +i /etc/secret/content", "true", "absent", "apply", "--diff")
	m.MustSh("systemctl stop sampler; chattr -i /etc/secret/content")

	runs := m.MustSh("mnw-agent history | awk '{print $1}'")
	for _, run := range strings.Fields(runs) {
		said += m.Agent("history", run).String() + m.Agent("history", "--json", run).String()
	}
	if strings.Contains(said, canary) {
		t.Error("it is shown: " + near(said, canary))
	}
	sampled := m.ReadFile("/root/sampled")
	if strings.Contains(sampled, canary) {
		t.Error("it is an argument: " + near(sampled, canary))
	}
	executed := m.ReadFile("/root/executed")
	if strings.Contains(executed, canary) {
		t.Error("it is an argument: " + near(executed, canary))
	}
	for _, seen := range []string{`/userdel", "secret"]`, `/chpasswd", "-e"]`, `"-c", "cat /etc/secret/lines`} {
		if !strings.Contains(executed, seen) {
			t.Errorf("%s was not seen: nothing is proven", seen)
		}
	}
	if !strings.Contains(sampled, "mnw-agent\x00apply") {
		t.Error("the agent was not sampled: nothing is proven")
	}
	if found := m.Sh("journalctl --no-pager --output=verbose | grep -F " + canary); found.Stdout != "" {
		t.Error("it is in the journal: " + found.Stdout)
	}
	for what, find := range map[string]string{
		"others can read it": "find / /run /tmp /dev/shm -xdev -type f -perm -o=r",
		"it is in scratch":   "find /tmp /var/tmp /run /dev/shm -xdev -type f",
		"it is in the state": "find " + stateDir + " ! -perm -u=rwx,go= ! -perm 0600",
	} {
		if found := m.Sh(find + " -print0 | xargs -0r grep -lsF " + canary); found.Stdout != "" {
			t.Errorf("%s: %s", what, found.Stdout)
		}
	}
	if open := m.MustSh("find " + stateDir + " -perm /077"); open != "" {
		t.Errorf("open to others: %s", open)
	}
}
