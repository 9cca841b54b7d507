package test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// The old tree does not go while anything refers to it, and what does is told, thing
// by thing. It goes when the follow-ups are applied, and so do the old backups and the
// old repositories, but not before the new places have all that they hold.
func TestCleanup(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	apply := func(name string, code int) string {
		t.Helper()
		result := m.Agent("apply", cutoverDir+name)
		if result.Code != code {
			t.Fatalf("%s: %s", name, result)
		}
		return result.Stdout
	}
	apply("cutover.yaml", 0)
	said := regexp.MustCompile(`process [0-9]+ `).ReplaceAllString(apply("cleanup.yaml", 1), "process N ")
	for line := range strings.Lines(referred) {
		if !strings.Contains(said, line) {
			t.Errorf("it does not say %q", line)
		}
	}
	if got, want := strings.Count(said, "\n"), strings.Count(referred, "\n")+3; got != want {
		t.Errorf("it says %d lines, want %d:\n%s", got, want, said)
	}

	m.Release("0.9.6")
	m.MustSh("cp -a /opt/makenotwork/yara-rules /var/lib/mnw/; systemctl restart makenotwork")
	apply("g1-paths.yaml", 0)
	m.MustSh("sudo -u git /opt/mnw/current/mnw-admin rebuild-keys; grep -q /opt/mnw/current/mnw-admin /var/lib/mnw/git/.ssh/authorized_keys")
	if said := apply("g2-backups.yaml", 1); !strings.Contains(said, "makenotwork-") || m.Run("test", "-e", "/opt/makenotwork/backups/latest.sql.gz").Code != 0 {
		t.Errorf("the new place has none of the backups: %s", said)
	}
	m.MustSh("cp -a /opt/makenotwork/backups/. /var/lib/mnw/backups/; runuser -u makenotwork -- /opt/mnw/backup-db.sh")
	apply("g2-backups.yaml", 0)
	m.MustSh(`git --git-dir=/opt/git/max/meta.git -c safe.directory='*' update-ref refs/heads/late "$(git --git-dir=/opt/git/max/meta.git -c safe.directory='*' -c user.name=a -c user.email=a@b commit-tree -m late -p main main^{tree})"; chown -R git: /opt/git`)
	if said := apply("g3-git.yaml", 1); !strings.Contains(said, "refs/heads/late") {
		t.Errorf("the old repositories have what the new ones lack: %s", said)
	}
	m.MustSh("runuser -u git -- git --git-dir=/var/lib/mnw/git/max/meta.git fetch -q /opt/git/max/meta.git late:late")
	apply("g3-git.yaml", 0)
	apply("g4-bootstrap.yaml", 0)
	apply("g5-assumptions.yaml", 0)
	apply("cleanup.yaml", 0)
	m.MustSh(`! ls -d /opt/makenotwork /opt/git; ls -d /opt/makenotwork.retired-* /opt/git.retired-*
		systemctl restart makenotwork; curl -sS --retry 20 --retry-connrefused --fail localhost:3000/api/health | grep '"version":"0.9.6"'`)
	m.MustSh(boot.Push)
}

// referred is what still refers to the old tree when the server has moved.
const referred = `/root/mnw/cleanup.yaml:8:3: retired:/opt/makenotwork: it stays: 9 things still refer to it:
env_file /etc/mnw/makenotwork.env:27: YARA_RULES_DIR through /opt/mnw/yara-rules
crontab of makenotwork:3
authorized_keys /var/lib/mnw/git/.ssh/authorized_keys:1: command=
symlink /opt/mnw/yara-rules: -> /opt/makenotwork/yara-rules
process N (makenotwork): environment YARA_RULES_DIR
program /opt/mnw/current/makenotwork: has /opt/makenotwork/mnw-admin in it
program /opt/mnw/current/makenotwork: has /opt/makenotwork/ssh/known_hosts in it
program /opt/mnw/current/mnw-admin: has /opt/makenotwork/.env in it
program /opt/mnw/current/mnw-admin: has /opt/makenotwork/mnw-admin in it
`
