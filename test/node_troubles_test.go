package test

import (
	"os"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

const paths = "docs/assumptions.toml    # G.5\n      YARA_RULES_DIR: /opt/mnw/yara-rules\n"

// The account tells what went wrong on the night of the cutover. Each of these troubles is
// put into the manifest of the cutover, and is named before anything is written or
// stopped. The one of the other machine is in TestSandodIsStale.
var troubles = []struct{ what, good, bad, says string }{
	{"a shell that sshd turns away (B.3)",
		"{shell: /bin/bash, login: true}", "{login: true}",
		`user:makenotwork: login: its shell is /usr/sbin/nologin: declare shell: /bin/bash`},
	{"a directory that git cannot get through (C.6)",
		"mode: 0755, reachable_by: [git]", "mode: 0750, reachable_by: [git]",
		"directory:/var/lib/mnw: reachable_by: git cannot get into /var/lib/mnw (directory 0750 makenotwork:makenotwork): give that mode 0751"},
	{"a home behind it",
		"mode: 0755, reachable_by: [git]", "mode: 0750",
		"user:git: home: git cannot get into /var/lib/mnw (directory 0750 makenotwork:makenotwork): give that mode 0751"},
	{"an environment that mnw-admin cannot read as git (E.3)",
		"    seed:", "    readable_by: [git]\n    seed:",
		"env_file:/etc/mnw/makenotwork.env: readable_by: git cannot get into /etc/mnw (directory 0750 root:makenotwork): give that mode 0751"},
	{"a path in the environment that leads nowhere (G.5)",
		paths, strings.Replace(paths, "docs/", "docs/business/", 1),
		`types: ASSUMPTIONS_PATH: "/opt/mnw/current/docs/business/assumptions.toml" leads nowhere: there is no /opt/mnw/releases/0.9.5/docs/business`},
	{"paths that are compiled in (G.1)",
		"vars:\n", "retired: {/opt/makenotwork: {}}\nvars:\n", `
    program /opt/mnw/current/makenotwork: has /opt/makenotwork/mnw-admin in it
    program /opt/mnw/current/makenotwork: has /opt/makenotwork/ssh/known_hosts in it
    program /opt/mnw/current/mnw-admin: has /opt/makenotwork/.env in it
    program /opt/mnw/current/mnw-admin: has /opt/makenotwork/mnw-admin in it
`},
}

func TestTroublesAreNamed(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.Server()
	m.Release("0.9.5")
	m.Put("../examples/mnw/files", "/root/files")
	text, err := os.ReadFile("../examples/mnw/cutover.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, manifest, _ := strings.Cut(string(text), "\nversion: 1\n")
	before := pid(m, "makenotwork")
	unchanged(t, m, func() {
		for _, trouble := range troubles {
			t.Run(trouble.what, func(t *testing.T) {
				named(t, m.For(t), exchanged(t, manifest, trouble.good, trouble.bad), trouble.says)
			})
		}
	})
	if pid(m, "makenotwork") != before {
		t.Error("the server was restarted")
	}
	neverAnswered(t, m, exchanged(t, manifest, "3000/docs/economics", "3000/docs/about/economics"))
}

// exchanged is a manifest with one text in the place of another that it must have.
func exchanged(t *testing.T, manifest, good, bad string) string {
	t.Helper()
	if !strings.Contains(manifest, good) {
		t.Fatalf("%q is not in the manifest", good)
	}
	return strings.Replace(manifest, good, bad, 1)
}

// neverAnswered is about a probe of a page that never was (E.2): plan says that it fails
// before anything is changed. So apply takes nothing back for it, and says so.
func neverAnswered(t *testing.T, m *boot.Machine, manifest string) {
	t.Helper()
	manifest = exchanged(t, manifest, "contains: economics, within: 30s", "contains: economics, within: 3s")
	const says = "check docs: fails now, so it would prove nothing"
	if result := run(m, manifest, "plan"); result.Code != 2 || !strings.Contains(result.Stdout, says) {
		t.Errorf("plan does not say %q: %s", says, result)
	}
	result := run(m, manifest, "apply", "--json")
	verdicts := map[string]string{}
	for _, c := range report(t, result).Checks {
		verdicts[c.Check] = c.Verdict
	}
	if result.Code != 0 || verdicts["docs"] != agent.CheckUnproven || verdicts["api"] != agent.CheckPassed {
		t.Errorf("want an unproven check and no roll-back: %s", result)
	}
}
