package test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// referring is the lines of a refusal that say what refers to a path. Numbers of processes
// are left out.
func referring(result boot.Result) []string {
	_, list, _ := strings.Cut(result.Stdout, " to it:\n")
	var lines []string
	for line := range strings.Lines(list) {
		if text, ok := strings.CutPrefix(line, "    "); ok {
			lines = append(lines, processNumber.ReplaceAllString(strings.TrimSpace(text), "process N "))
		}
	}
	return lines
}

var processNumber = regexp.MustCompile(`^process \d+ `)

// On the server as it was before its move, all that refers to the old place is told,
// and it stays as it is.
func TestRetiredIsRefused(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.Server()
	before := m.Snapshot(stateDir, "/root")
	result := run(m, "retired:\n  /opt/makenotwork: {}\n", "apply")
	want := []string{
		"unit /etc/systemd/system/makenotwork.service:8: WorkingDirectory=",
		"unit /etc/systemd/system/makenotwork.service:9: EnvironmentFile=",
		"unit /etc/systemd/system/makenotwork.service:10: ExecStart=",
		"crontab of makenotwork:3",
		"sudoers /etc/sudoers.d/mnw-git-ssh:1",
		"authorized_keys /opt/git/.ssh/authorized_keys:1: command=",
		"caddyfile /etc/caddy/Caddyfile:10: root",
		"caddyfile /etc/caddy/Caddyfile:21: root",
		"caddyfile /etc/caddy/Caddyfile:31: root",
		"process N (makenotwork): program, working directory, arguments, environment ASSUMPTIONS_PATH DOCS_PATH YARA_RULES_DIR",
	}
	if got := referring(result); result.Code != 1 || !slices.Equal(got, want) {
		t.Errorf("it should be refused because of\n%s\nbut %s", strings.Join(want, "\n"), result)
	}
	if diff := before.Diff(m.Snapshot(stateDir, "/root")); diff != "" {
		t.Errorf("refused, it has changed the node:\n%s", diff)
	}
}

const aUnit = `printf '[Service]\nExecStart=%s\n' >/etc/systemd/system/a.service`

// references are each the only one to /srv/old: a script that makes it, what is told
// of it, and a script that takes it away.
var references = []struct {
	what, make string
	told       []string
	unmake     string
}{
	{"a unit file", `printf '[Service]\nExecStart=/bin/true\n# /srv/old\nWorkingDirectory=-/srv/old/x\n' >/etc/systemd/system/a.service`,
		[]string{"unit /etc/systemd/system/a.service:4: WorkingDirectory="}, `rm /etc/systemd/system/a.service`},
	{"a unit file by way of its name", `printf '[Service]\nExecStart=/bin/true\nWorkingDirectory=/srv/%%p\n' >/etc/systemd/system/old.service`,
		[]string{"unit /etc/systemd/system/old.service:3: WorkingDirectory="}, `rm /etc/systemd/system/old.service`},
	{"a drop-in", `mkdir /etc/systemd/system/cron.service.d; printf '[Service]\nEnvironment="A=b" "C=/srv/old"\n' >/etc/systemd/system/cron.service.d/a.conf`,
		[]string{"unit /etc/systemd/system/cron.service.d/a.conf:2: Environment="}, `rm -r /etc/systemd/system/cron.service.d`},
	{"a unit of a user's own", `mkdir -p /home/git/.config/systemd/user/b.service.d; printf '[Service]\n# /srv/old\nExecStart=/srv/old/tool\n' >/home/git/.config/systemd/user/a.service
printf '[Service]\nWorkingDirectory=/srv/old\n' >/home/git/.config/systemd/user/b.service.d/c.conf`,
		[]string{"unit /home/git/.config/systemd/user/a.service:3: ExecStart=", "unit /home/git/.config/systemd/user/b.service.d/c.conf:2: WorkingDirectory="}, `rm -r /home/git/.config`},
	{"a value in the environment file of a unit", `printf '[Service]\nExecStart=/bin/true\nEnvironmentFile=/etc/a.env\n' >/etc/systemd/system/a.service
printf '# A=/srv/old\nexport B="canary:/srv/old/x"\nC=/srv/older\n' >/etc/a.env`,
		[]string{"env_file /etc/a.env:2: B"}, `rm /etc/a.env /etc/systemd/system/a.service`},
	{"a value by way of a symlink", `ln -s /srv/old/rules /srv/rules; echo RULES=/srv/rules >/etc/default/a`,
		[]string{"env_file /etc/default/a:1: RULES through /srv/rules", "symlink /srv/rules: -> /srv/old/rules"}, `rm /srv/rules /etc/default/a`},
	{"a value by way of a symlink to the directory above", `ln -s srv /elsewhere; echo A=/elsewhere/old/x >/etc/default/a`,
		[]string{"env_file /etc/default/a:1: A through /elsewhere/old"}, `rm /elsewhere /etc/default/a`},
	{"a user's crontab", `printf '# a comment: /srv/old\n\n@daily /bin/true >>/srv/old/log 2>&1\n' | crontab -u git -`,
		[]string{"crontab of git:3"}, `crontab -u git -r`},
	{"a table of the system", `printf 'A=b\n@daily root /srv/old/run\n' >/etc/cron.d/a`, []string{"cron /etc/cron.d/a:2"}, `rm /etc/cron.d/a`},
	{"a script that cron runs daily", `printf '#!/bin/sh\n# /srv/old\n\ncp /srv/old/a /srv/\n' >/etc/cron.daily/a; chmod +x /etc/cron.daily/a`,
		[]string{"program /etc/cron.daily/a:4"}, `rm /etc/cron.daily/a`},
	{"a rule of sudo", `echo 'git ALL=(root) NOPASSWD: /srv/old/tool' >/etc/sudoers.d/a`, []string{"sudoers /etc/sudoers.d/a:1"}, `rm /etc/sudoers.d/a`},
	{"a rule of sudo in a file that is included", `echo '@include /etc/sudo-more' >/etc/sudoers.d/a; printf '# more\nDefaults secure_path="/bin:/srv/old/bin"\n' >/etc/sudo-more`,
		[]string{"sudoers /etc/sudo-more:2"}, `rm /etc/sudoers.d/a /etc/sudo-more`},
	{"a rule of sudo behind a tab and a blank", `mkdir '/etc/sudo more'; printf '@includedir\t/etc/sudo\\ more\n' >/etc/sudoers.d/a; echo 'git ALL=(root) /srv/old/tool' >'/etc/sudo more/b'; chmod 440 /etc/sudoers.d/a '/etc/sudo more/b'; visudo -c`,
		[]string{"sudoers /etc/sudo more/b:1"}, `rm -r /etc/sudoers.d/a '/etc/sudo more'`},
	{"a home", `usermod -d /srv/old/home git`, []string{"passwd /etc/passwd:N: home of git"}, `usermod -d /home/git git`},
	{"a shell", `usermod -s /srv/old/sh git`, []string{"passwd /etc/passwd:N: shell of git"}, `usermod -s /bin/sh git`},
	{"a forced command", `mkdir -p /home/git/.ssh; key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKv2hzCRpVgRvmB9o3NYoG8mdcsTpXzY0t9vBVJ1cTno'
printf '# /srv/old\n%s of /srv/old\nrestrict,command="/srv/old/serve max" %s max\n' "$key" "$key" >/home/git/.ssh/authorized_keys`,
		[]string{"authorized_keys /home/git/.ssh/authorized_keys:3: command="}, `rm -r /home/git/.ssh`},
	{"what a Caddyfile imports", `mkdir /etc/caddy/sites; echo 'import sites/*' >>/etc/caddy/Caddyfile; printf 'http://localhost:8099 {\n\troot * /srv/old/pages\n}\n' >/etc/caddy/sites/a`,
		[]string{"caddyfile /etc/caddy/sites/a:2: root"}, `rm -r /etc/caddy/sites; sed -i '$d' /etc/caddy/Caddyfile`},
	{"the Caddyfile of another unit", strings.ReplaceAll(aUnit, "%s", "/usr/bin/caddy run --config=/etc/other") + `
printf ':8098 {\n\troot * /srv/old/pages\n}\n' >/etc/other`,
		[]string{"caddyfile /etc/other:2: root"}, `rm /etc/other /etc/systemd/system/a.service`},
	{"a symlink", `ln -s ../srv/old /var/link`, []string{"symlink /var/link: -> ../srv/old"}, `rm /var/link`},
	{"a symlink to a symlink", `ln -s /srv/old/a /srv/one; ln -s one /srv/two`,
		[]string{"symlink /srv/one: -> /srv/old/a", "symlink /srv/two: -> one through /srv/one"}, `rm /srv/one /srv/two`},
	{"a mount in it", `mkdir /srv/old/mounted; mount -t tmpfs none /srv/old/mounted`,
		[]string{"mount /srv/old/mounted: tmpfs is mounted there"}, `umount /srv/old/mounted; rmdir /srv/old/mounted`},
	{"a mount of it", `mkdir /srv/shown; mount --bind /srv/old/sub /srv/shown`, []string{"mount /srv/shown: shows /srv/old/sub"}, `umount /srv/shown; rmdir /srv/shown`},
	{"the table of mounts", `cp /etc/fstab /tmp/fstab 2>/dev/null || : >/tmp/fstab; printf '# mounts\n/srv/old/image /mnt ext4 noauto 0 0\n' >/etc/fstab`,
		[]string{"fstab /etc/fstab:2"}, `mv /tmp/fstab /etc/fstab`},
	{"logrotate", `mkdir -p /etc/logrotate.d; printf '/srv/old/*.log /var/log/a {\n}\n' >/etc/logrotate.d/a`, []string{"logrotate /etc/logrotate.d/a:1"}, `rm /etc/logrotate.d/a`},
	{"tmpfiles", `printf '\nd /srv/old/tmp 0755 - - 10d\n' >/etc/tmpfiles.d/a.conf`, []string{"tmpfiles /etc/tmpfiles.d/a.conf:2"}, `rm /etc/tmpfiles.d/a.conf`},
	{"the program of a process", start(`/srv/old/sleep 1000`), []string{"process N (sleep): program, arguments"}, stop},
	{"the working directory of a process", start(`env -C /srv/old sleep 1000`), []string{"process N (sleep): working directory"}, stop},
	{"the root directory of a process", start(`perl -e 'chroot "/srv/old"; @ARGV = (); chdir "/"; $0 = "jailed"; sleep 1000'`),
		[]string{"process N (jailed): working directory, root directory"}, stop},
	{"an open file of a process", start(`sleep 1000 <"$(echo /srv/old)"/file`), []string{"process N (sleep): open files"}, stop},
	{"a file that a process has mapped, by its environment", start(`LD_PRELOAD=/srv/old/lib.so sleep 1000`),
		[]string{"process N (sleep): mapped files, environment LD_PRELOAD"}, stop},
	{"the arguments of a process", start(`tail -f /dev/null /srv/old.gone /srv/old/gone`), []string{"process N (tail): arguments"}, stop},
	{"the environment of a process", start(`A=/srv/older SECRET=canary:/srv/old Z=/srv/old/z sleep 1000`), []string{"process N (sleep): environment SECRET Z"}, stop},
	{"what is written in a program that a unit runs", strings.ReplaceAll(aUnit, "%s", "/srv/tool --fast") + `
cp /bin/true /srv/tool; printf 'NotPresent/srv/old/known_hosts\0/srv/older\0/srv/old.bak\0' >>/srv/tool`,
		[]string{"program /srv/tool: has /srv/old/known_hosts in it"}, `rm /srv/tool /etc/systemd/system/a.service`},
	{"a script that a crontab runs by a shell", `printf '#!/bin/sh\nDIR="/srv/old/backups"\n' >/srv/backup.sh; echo '@daily /bin/sh /srv/backup.sh' | crontab -u git -`,
		[]string{"program /srv/backup.sh:2"}, `rm /srv/backup.sh; crontab -u git -r`},
	{"a script that a unit runs by way of a shell's line", strings.ReplaceAll(aUnit, "%s", `/bin/sh -c "exec /srv/job --fast"`) + `
printf '#!/bin/sh\ncp /srv/old/a /srv/\n' >/srv/job; chmod +x /srv/job`,
		[]string{"program /srv/job:2"}, `rm /srv/job /etc/systemd/system/a.service`},
	{"a script without a mark that an interpreter is given", strings.ReplaceAll(aUnit, "%s", "/usr/bin/perl /srv/job.pl") + `
echo 'open F, "/srv/old/a"' >/srv/job.pl`,
		[]string{"program /srv/job.pl:1"}, `rm /srv/job.pl /etc/systemd/system/a.service`},
}

// start starts a process in the background, and stop ends it.
func start(command string) string {
	return `sh -c 'echo $$ >/tmp/pid; cd /; eval "exec env -i $0"' ` + `"$(cat <<'END'
` + command + `
END
)" </dev/null >/dev/null 2>&1 & sleep 0.3`
}

const stop = `kill $(cat /tmp/pid)`

// Each kind of reference alone keeps a path where it is, and is told; without any it is
// moved aside in a run that is judged, comes back with a roll-back, and is deleted when
// it has soaked.
func TestRetiredReferences(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`
useradd --create-home git
mkdir -p /srv/old/sub /srv/older
cp /bin/sleep /srv/old/sleep
cp /lib/*/libdl.so.2 /srv/old/lib.so
echo text >/srv/old/file
chown git /srv/old/file
ln -s /srv/older /srv/another
echo A=/srv/older:/data/srv/old:/srv/old-1:/srv/old.d >/etc/default/bystander
`)
	const manifest = "retired:\n  /srv/old: {}\n"
	line := regexp.MustCompile(`passwd:\d+`)
	for _, r := range references {
		m.MustSh(r.make)
		result := run(m, manifest, "plan")
		got := referring(result)
		for i := range got {
			got[i] = line.ReplaceAllString(got[i], "passwd:N")
		}
		if result.Code != 1 || !slices.Equal(got, r.told) || strings.Contains(result.Stdout, "canary") {
			t.Errorf("%s: want\n%s\ngot %s", r.what, strings.Join(r.told, "\n"), result)
		}
		m.MustSh(r.unmake)
	}

	made := run(m, manifest+"env_files:\n  /etc/default/made: {set: {A: /srv/old/x}}\n", "apply")
	if got := referring(made); made.Code != 1 || !slices.Equal(got, []string{"env_file /etc/default/made:1: A"}) {
		t.Errorf("the run itself makes a reference: %s", made)
	}
	m.MustSh(`test -d /srv/old; rm /etc/default/made`)

	before := m.Snapshot(stateDir, "/root", "/tmp", "/run", "/etc/passwd", "/etc/passwd-").WithoutTimes()
	apply := func(verb, want string) {
		t.Helper()
		args := []string{verb, "--retry-held"}
		result := run(m, manifest+"sudoers:\n  a: {content: \"git ALL=(root) /bin/true\\n\"}\n", args...)
		if result.Code != 0 || !strings.Contains(result.Stdout, want) {
			t.Fatalf("want %q: %s", want, result)
		}
	}
	apply("apply", "move directory /srv/old to /srv/old.retired-")
	apply("apply", "soaking: /srv/old.retired-")
	looked := m.Snapshot(stateDir)
	if result, programs := m.Execs(boot.AgentPath, "apply", manifestPath); result.Code != 0 || !slices.Equal(programs, []string{boot.AgentPath}) {
		t.Errorf("with nothing to do, it has started %s: %s", programs[1:], result)
	}
	if diff := looked.Diff(m.Snapshot(stateDir)); diff != "" {
		t.Errorf("with nothing to do, it has changed the node:\n%s", diff)
	}
	m.MustSh(`test ! -e /srv/old; test "$(stat -c '%a %U' /srv/old.retired-*)" = '700 root'; test "$(stat -c %U /srv/old.retired-*/file)" = git`)
	if result := m.Agent("rollback"); result.Code != 0 {
		t.Fatal(result)
	}
	if diff := before.Diff(m.Snapshot(stateDir, "/root", "/tmp", "/run", "/etc/passwd", "/etc/passwd-").WithoutTimes()); diff != "" {
		t.Errorf("taken back, it is not as it was:\n%s", diff)
	}

	apply("apply", "move directory /srv/old to /srv/old.retired-")
	m.MustSh(`echo A=/srv/old/x >/etc/default/late`)
	if result := run(m, manifest, "plan"); result.Code != 1 || !strings.Contains(result.Stdout, "it was moved aside, and 1 thing refers to it") {
		t.Errorf("referred to while it soaks: %s", result)
	}
	m.MustSh(`rm /etc/default/late; mv /srv/old.retired-* /srv/old.retired-20200229`)
	apply("apply", "~ retired:/srv/old\n    delete directory /srv/old.retired-20200229 for good\n") // which is no drift
	apply("apply", "all as declared")
	if left := m.MustSh(`ls -d /srv/old*`); left != "/srv/older" {
		t.Errorf("left: %s", left)
	}
}

// Who may not look at processes does not know that none refers to a path.
func TestRetiredBlind(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, "version: 1\nretired:\n  /srv/old: {}\n", 0o600)
	m.MustSh(`useradd other; mkdir /srv/old; ` + start(`setpriv --reuid=other --clear-groups sleep 1000`))
	result := m.Run("setpriv", "--bounding-set=-sys_ptrace", boot.AgentPath, "apply", manifestPath)
	if result.Code != 1 || !strings.Contains(result.Stdout, "may not be looked at: that takes CAP_SYS_PTRACE") {
		t.Error(result)
	}
	m.MustSh(`test -d /srv/old`)
}

// A run whose gate shuts brings back what it has moved aside. What it has deleted,
// long after that, it cannot; it says so, and takes everything else back.
func TestRetiredGoesBack(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`mkdir -p /srv/old/a /srv/dead.retired-20200229/b`)
	const manifest = "retired:\n  /srv/old: {}\n  /srv/dead: {}\nchecks:\n  there: {command: [sh, -c, 'cd /srv; test -d ol\"\"d'], within: 1s}\n"
	result := run(m, manifest, "apply")
	if result.Code != 3 || !strings.Contains(result.Stdout, "/srv/dead.retired-20200229 was deleted for good: nothing but a backup brings it back") {
		t.Error(result)
	}
	if there := m.MustSh(`ls -d /srv/* /srv/old/a`); there != "/srv/old\n/srv/old/a" {
		t.Errorf("there is %s", there)
	}
}
