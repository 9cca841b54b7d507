package boot

import (
	"strings"
	"testing"
	"time"
)

// inventory is what was on the server before its cutover, as section A of the account
// has it: a script that looks, and what it shows.
var inventory = []struct{ what, look, shows string }{
	{"the old place", `find /opt/makenotwork -mindepth 1 -maxdepth 1 -printf '%f %m %u:%g\n' | sort`, `
.env 600 makenotwork:makenotwork
.env.bak.20260401 600 root:root
.env.bak.20260408 600 root:root
.env.bak.20260415 600 root:root
.env.bak.20260422 600 root:root
.env.bak.20260429 600 root:root
backup-db.sh 755 makenotwork:makenotwork
backups 755 makenotwork:makenotwork
deploy 755 root:root
docs 755 makenotwork:makenotwork
error-pages 755 makenotwork:makenotwork
makenotwork 755 root:root
mnw-admin 755 root:root
rustdoc 755 501:staff
ssh 755 root:root
static 755 makenotwork:makenotwork
yara-rules 755 root:root
yara-rules-src 755 root:root`},
	{"the place itself", `stat -c '%a %U:%G' /opt/makenotwork`, "755 makenotwork:makenotwork"},
	{"whose the content is", `for dir in yara-rules yara-rules-src ssh deploy rustdoc backups docs; do find /opt/makenotwork/$dir -printf "$dir %u:%g\n"; done | sort -u`, `
backups makenotwork:makenotwork
deploy root:root
docs makenotwork:makenotwork
rustdoc 501:staff
ssh root:root
yara-rules root:root
yara-rules-src root:root`},
	{"the environment", `wc -l </opt/makenotwork/.env; grep -cE '^(HOST|PORT|HOST_URL|DATABASE_URL|DOCS_PATH|ASSUMPTIONS_PATH|YARA_RULES_DIR|GIT_REPOS_PATH)=' /opt/makenotwork/.env`, "110\n8"},
	{"eight months of backups", `ls /opt/makenotwork/backups/makenotwork-*.sql.gz | wc -l; readlink /opt/makenotwork/backups/latest.sql.gz | sed 's/[0-9]//g'; wc -l </opt/makenotwork/backups/backup.log`, "241\nmakenotwork-.sql.gz\n1"},
	{"the known host of the build runner", `cut -d' ' -f1,2 /opt/makenotwork/ssh/known_hosts`, "build.example.net ssh-ed25519"},
	{"users", `getent passwd makenotwork git mnw-cli | cut -d: -f1,6,7`, `
makenotwork:/home/makenotwork:/usr/sbin/nologin
git:/opt/git:/bin/sh
mnw-cli:/home/mnw-cli:/bin/bash`},
	{"git's numbers", `id -u git; id -g git`, "995\n986"},
	{"sudoers", `cd /etc/sudoers.d; stat -c '%n %a %U' mnw-*; cat mnw-*`, `
mnw-cli-git 440 root
mnw-git-ssh 440 root
mnw-cli ALL=(git) NOPASSWD: /usr/bin/git-*, /usr/bin/tee, /usr/bin/chmod
makenotwork ALL=(git) NOPASSWD: /opt/makenotwork/mnw-admin rebuild-keys`},
	{"the server's crontab", `crontab -l -u makenotwork | grep -F backup-db`, "0 3 * * * /opt/makenotwork/backup-db.sh >> /opt/makenotwork/backups/backup.log 2>&1"},
	{"root's crontab", `crontab -l -u root | head -n 1; /opt/backups/pg_backup.sh`, "0 3 * * * /opt/backups/pg_backup.sh >> /var/log/pg_backup.log 2>&1"},
	{"caddy", `grep -cF 'root * /opt/makenotwork/error-pages' /etc/caddy/Caddyfile`, "3"},
	{"repositories", `ls -d /opt/git/*/*.git | wc -l; stat -c '%a %U:%G' /opt/git /opt/git/max/meta.git; find /opt/git ! -user git -o ! -group git`, "7\n755 git:git\n755 git:git"},
	{"objects with more than one name", `[ "$(find /opt/git -type f -links +3 | wc -l)" -gt 400 ]; for repo in /opt/git/*/*.git; do runuser -u git -- git -C "$repo" fsck --strict --no-progress; done`, ""},
	{"keys", `stat -c '%a %U:%G' /opt/git/.ssh /opt/git/.ssh/authorized_keys; cut -d' ' -f1-3 /opt/git/.ssh/authorized_keys`, `
700 git:git
600 git:git
command="/opt/makenotwork/mnw-admin git-auth max",restrict`},
}

// warmUp is how long the server takes until it answers.
const warmUp = time.Second

// The copy of the server is what the account says.
func TestServerInventory(t *testing.T) {
	t.Parallel()
	m := Node(t)
	m.Server()
	for _, item := range inventory {
		if got := m.MustSh(item.look); got != strings.TrimSpace(item.shows) {
			t.Errorf("%s: it is\n%s\nwant\n%s", item.what, got, item.shows)
		}
	}
	m.MustSh("systemctl restart makenotwork")
	began := time.Now()
	m.MustSh("until curl -s --fail localhost:3000/api/health; do sleep 0.02; done")
	if took := time.Since(began); took < warmUp/2 {
		t.Errorf("it answers after %s, and was to take %s", took, warmUp)
	}
}
