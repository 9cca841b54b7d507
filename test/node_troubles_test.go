package test

import (
	"os"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// The account tells what went wrong on the night of the cutover. Each of these troubles is
// put into the manifest of the server, and is named before anything is written or
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
		"docs/assumptions.toml\n      YARA_RULES_DIR: /opt/mnw/yara-rules\n      GIT_REPOS_PATH: /var/lib/mnw/git\n",
		"docs/business/assumptions.toml\n      YARA_RULES_DIR: /opt/mnw/yara-rules\n      GIT_REPOS_PATH: /var/lib/mnw/git\n    types: {ASSUMPTIONS_PATH: path}\n",
		`types: ASSUMPTIONS_PATH: "/opt/mnw/current/docs/business/assumptions.toml" leads nowhere: there is no /opt/mnw/releases/0.9.5/docs/business`},
	{"paths that are compiled in (G.1)",
		"vars:\n", "atomic: true\nretired: {/opt/makenotwork: {}}\nvars:\n", `
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
	manifest := serverManifest(t)
	before := pid(m, "makenotwork")
	for _, trouble := range troubles {
		t.Run(trouble.what, func(t *testing.T) {
			troubled := strings.Replace(manifest, trouble.good, trouble.bad, 1)
			if troubled == manifest {
				t.Fatalf("%q is not in the manifest", trouble.good)
			}
			stopped(t, m.For(t), troubled, trouble.says)
		})
	}
	if pid(m, "makenotwork") != before {
		t.Error("the server was restarted")
	}

	t.Run("a probe that never answered (E.2)", func(t *testing.T) { neverAnswered(t, m.For(t), manifest) })
}

// serverManifest is the server's manifest as run takes it.
func serverManifest(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../examples/mnw/manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, manifest, found := strings.Cut(string(text), "\nversion: 1\n")
	if !found {
		t.Fatal("the manifest has no version")
	}
	return manifest
}

// neverAnswered applies with a check of a page that never was. It is asked before the first
// change, is told, and proves nothing, and so takes nothing back.
func neverAnswered(t *testing.T, m *boot.Machine, manifest string) {
	probed := strings.Replace(manifest, "checks:\n", "checks:\n  economics: {http: http://127.0.0.1:3000/docs/about/economics, within: 2s}\n", 1)
	result := run(m, probed, "apply", "--json")
	r := report(t, result)
	verdicts := map[string]string{}
	for _, c := range r.Checks {
		verdicts[c.Check] = c.Verdict
		if c.Check == "economics" && (c.Before || c.Error == "") {
			t.Errorf("of the check is told: %+v", c)
		}
	}
	if result.Code != 0 || r.Rollback != nil || verdicts["economics"] != agent.CheckUnproven || verdicts["api"] != agent.CheckPassed {
		t.Errorf("want an unproven check and no roll-back: %s", result)
	}
}

// lsRemote is what somebody asks who has the key of max.
const lsRemote = `GIT_SSH_COMMAND="ssh -i /root/max -o StrictHostKeyChecking=accept-new" git ls-remote git@localhost:max/meta.git`

// With the release that has no old paths compiled in, and an environment that git may read,
// rebuild-keys needs nobody's help, the keys no longer lead to the old place, and no
// program has it in it (G.1). Before, each of these is otherwise.
func TestOldPathsGo(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.Server()
	m.MustSh("install -d -o makenotwork -g makenotwork /var/lib/mnw; cp -a /opt/git /var/lib/mnw/git")
	m.Release("0.9.5")
	m.Put("../examples/mnw/files", "/root/files")
	refs := m.MustSh(lsRemote + "; systemctl stop user@995.service") // which would stay for ten seconds
	manifest := strings.Replace(serverManifest(t), "{home: /var/lib/mnw/git}", "{home: /var/lib/mnw/git, groups: [makenotwork]}", 1)
	manifest = strings.Replace(manifest, "    seed:", "    readable_by: [git]\n    seed:", 1)
	if result := run(m, manifest, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	const rebuild = "sudo -u git /opt/mnw/current/mnw-admin rebuild-keys"
	keysLeadTo := func(want string) {
		t.Helper()
		if got := m.MustSh(`sed 's/.*command="\([^ ]*\) .*/\1/' /var/lib/mnw/git/.ssh/authorized_keys`); got != want {
			t.Errorf("the keys lead to %s, want %s", got, want)
		}
	}
	if result := m.Sh(rebuild); !strings.Contains(result.Stderr, "DATABASE_URL must be set") {
		t.Errorf("0.9.5 reads the old environment: %s", result)
	}
	keysLeadTo("/opt/makenotwork/mnw-admin")
	compiledIn(t, m, true)

	m.Release("0.9.6")
	m.MustSh("systemctl restart makenotwork; " + rebuild)
	keysLeadTo("/opt/mnw/current/mnw-admin")
	compiledIn(t, m, false)
	if got := m.MustSh(lsRemote); got != refs {
		t.Errorf("git answers\n%s\nwant\n%s", got, refs)
	}
}

// compiledIn fails unless the old place is, or is not, said to be in programs and keys.
func compiledIn(t *testing.T, m *boot.Machine, want bool) {
	t.Helper()
	result := run(m, "retired: {/opt/makenotwork: {}}\n", "plan")
	for _, kind := range []string{"program /opt/mnw/", "authorized_keys /var/lib/mnw/git/"} {
		if strings.Contains(strings.Join(referring(result), "\n"), kind) != want {
			t.Errorf("%q is told: %t, want %t: %s", kind, !want, want, result)
		}
	}
}
