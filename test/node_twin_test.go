package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A push that reached the old place after all was copied keeps it, by the name of the
// repository and of the ref, until the new place has it, too, and what is pushed there
// comes on top. Git is not started for it.
func TestTwins(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.Server()
	m.MustSh(`
cp -a /opt/git /srv/git
usermod -d /srv/git git
sed -i s:/opt/git:/srv/git: /opt/makenotwork/.env; systemctl restart makenotwork
rm -r /opt/git/.ssh
git config --system safe.directory '*'
git clone -q /opt/git/max/meta.git /tmp/work
cd /tmp/work; git config user.name a; git config user.email a@b
echo more >more; git add more; git commit -qm more
git push -q origin HEAD:main HEAD:refs/heads/topic
`)
	const manifest = "retired:\n  /opt/git: {twin: /srv/git}\n"
	drifted := func(when, want string) {
		t.Helper()
		const early = "/root/early.yaml"
		m.WriteFile(early, "version: 1\nretired:\n  /opt/git: {twin: /srv/git, after: 2999-01-01}\n", 0o600)
		result := m.Agent("apply", "--metrics-file", "/root/mnw-agent.prom", early)
		told := strings.Contains(result.Stdout, "retired:/opt/git (drift)\n    it holds ")
		metric := m.MustSh(`grep '^mnw_agent_resource_drifted{resource="/opt/git",type="retired"}' /root/mnw-agent.prom`)
		if result.Code != 0 || told != (want == "1") || !strings.HasSuffix(metric, "} "+want) {
			t.Errorf("%s: want drifted %s, got %s and %s", when, want, metric, result)
		}
	}
	lacks := func(when string, want ...string) {
		t.Helper()
		result, programs := m.Execs(boot.AgentPath, "apply", "--retry-held", manifestPath)
		_, list, _ := strings.Cut(result.Stdout, "or delete them here:\n")
		var got []string
		for line := range strings.Lines(list) {
			if text, ok := strings.CutPrefix(line, "    /opt/git/"); ok {
				got = append(got, strings.TrimSpace(text))
			}
		}
		if result.Code != 1 || !slices.Equal(got, want) || !slices.Equal(programs, []string{boot.AgentPath}) {
			t.Errorf("%s: want\n%s\ngot %s and the programs %s", when, strings.Join(want, "\n"), result, programs)
		}
		m.MustSh(`test -d /opt/git`)
	}
	m.WriteFile(manifestPath, "version: 1\n"+manifest, 0o600)
	id := func(dir string) string { return m.MustSh("git -C " + dir + " rev-parse main")[:12] }
	lacks("pushed to the old place",
		"max/meta.git: refs/heads/main: it is at "+id("/srv/git/max/meta.git")+" there, which does not come from "+id("/opt/git/max/meta.git"),
		"max/meta.git: refs/heads/topic: it is not there")
	m.MustSh(`cd /tmp/work; git push -q /srv/git/max/meta.git HEAD:refs/heads/topic; git init -q --bare /opt/git/max/late.git; chown -R git: /opt/git /srv/git`)
	lacks("brought there in part",
		"max/late.git: there is no /srv/git/max/late.git",
		"max/meta.git: refs/heads/main: it is at "+id("/srv/git/max/meta.git")+" there, which does not come from "+id("/opt/git/max/meta.git"))
	drifted("before its day", "1")
	m.MustSh(`
rm -r /opt/git/max/late.git
cd /tmp/work; echo most >most; git add most; git commit -qm most
git push -q /srv/git/max/meta.git HEAD:main
git -C /srv/git/max/meta.git gc -q --aggressive --prune=now
rm -r /tmp/work
`)
	result := m.Agent("apply", manifestPath)
	if result.Code != 0 || !strings.Contains(result.Stdout, "move directory /opt/git to /opt/git.retired-") ||
		!strings.Contains(result.Stdout, "/srv/git has moved on since, in ") {
		t.Error(result)
	}
	m.MustSh(`test ! -e /opt/git; git -C /srv/git/max/meta.git fsck --strict`)
}

// Where the copy was made by hand (G.3 of the account), one apply makes it the home and
// lets the old one go, unless that has what the copy lacks: then the home changes, and
// what is lacking is named.
func TestTwinsMadeByHand(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.Server()
	m.MustSh(`
mkdir -p /var/lib/mnw
cp -a /opt/git /var/lib/mnw/git
sed -i s:/opt/git:/var/lib/mnw/git: /opt/makenotwork/.env; systemctl restart makenotwork
git config --system safe.directory '*'
git -C /opt/git/max/meta.git branch late main; chown -R git: /opt/git`)
	m.WriteFile(manifestPath, "version: 1\nusers:\n  git: {home: /var/lib/mnw/git}\nretired:\n  /opt/git: {twin: /var/lib/mnw/git}\n", 0o600)
	home := func(want string) {
		t.Helper()
		if line := m.MustSh(`getent passwd git`); !strings.Contains(line, ":"+want+":") {
			t.Errorf("the home of git is not %s: %s", want, line)
		}
	}
	result := m.Agent("apply", manifestPath)
	if result.Code != 1 || !strings.Contains(result.Stdout, "/opt/git/max/meta.git: refs/heads/late: it is not there") {
		t.Error(result)
	}
	home("/var/lib/mnw/git")
	m.MustSh(`test -d /opt/git; git -C /opt/git/max/meta.git push -q /var/lib/mnw/git/max/meta.git late; chown -R git: /var/lib/mnw/git`)
	if result := m.Agent("apply", manifestPath); result.Code != 0 {
		t.Error(result)
	}
	m.MustSh(`test ! -e /opt/git`)
	home("/var/lib/mnw/git")
}
