package test

import (
	"fmt"
	"strings"
	"testing"
)

const (
	keyOfMax = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	keyOfEve = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZvcmVpZ25mb3JlaWduZm9yZWlnbmZvcmVpZ25mb3JlaQ"
)

// foreigners are files with lines of others, and three manifests: ours come,
// change and go. Ours is what stands below the foreign lines each time.
var foreigners = []struct {
	what    string
	put     string // a script that puts its standard input into the file
	foreign string
	section string
	steps   [3]struct{ fields, ours string }
	show    string // a script
}{
	{
		"a crontab", `cat >/var/spool/cron/crontabs/site; chown site:crontab /var/spool/cron/crontabs/site; chmod 0600 /var/spool/cron/crontabs/site`,
		"# theirs\r\n\nMAILTO=\"\"\n*/5 * * * * /usr/bin/true  # odd   spacing\n\t@reboot\t/usr/bin/other\r\n0 1 * * * date '+\\%F'",
		"crontabs: {site: {jobs: {tidy: %s}}}\n",
		[3]struct{ fields, ours string }{
			{`{schedule: "0 3 * * *", command: "echo 100%"}`, "# BEGIN mnw-agent job tidy\n0 3 * * * echo 100\\%\n# END mnw-agent job tidy\n"},
			{`{schedule: "@daily", command: "echo 100%"}`, "# BEGIN mnw-agent job tidy\n@daily echo 100\\%\n# END mnw-agent job tidy\n"},
			{`{state: absent}`, ""},
		},
		"tail -n +4 /var/spool/cron/crontabs/site", // crontab -l shows no control characters
	},
	{
		"an environment file", `cat >/etc/site.env; chown www-data:adm /etc/site.env; chmod 0604 /etc/site.env`,
		"# by hand\r\n\r\nHOST=0.0.0.0\r\n  ODD = x\ty \nexport PATH_X=\"a b\"\n#PORT=1\nMULTI='a\nPORT=2\nb'\nLAST=kept",
		"env_files: {/etc/site.env: %s}\n",
		[3]struct{ fields, ours string }{
			{`{set: {PORT: 3000}}`, "PORT=3000\n"},
			{`{set: {PORT: "30 00"}}`, "PORT='30 00'\n"},
			{`{unset: [PORT]}`, ""},
		},
		`cat /etc/site.env; test "$(stat -c '%a %U:%G' /etc/site.env)" = '604 www-data:adm'`,
	},
	{
		"authorized keys", `install -d -o site -g site -m 0700 /home/site /home/site/.ssh; install -o site -g site -m 0600 /dev/stdin /home/site/.ssh/authorized_keys`,
		"# team\r\n\nno-pty,command=\"echo \\\"hi\\\"\"  " + keyOfEve + "  eve  \r\nno key at all\n#" + keyOfMax + " old\n# the end",
		"authorized_keys: {site: {keys: {max: %s}}}\n",
		[3]struct{ fields, ours string }{
			{keyOfMax + " max", keyOfMax + " max\n"},
			{"{key: " + keyOfMax + " max, options: [restrict, pty]}", "restrict,pty " + keyOfMax + " max\n"},
			{"{key: " + keyOfMax + ", state: absent}", ""},
		},
		"cat /home/site/.ssh/authorized_keys",
	},
}

// The lines of others survive byte for byte and in order, while ours come,
// change and go. Only a last line without its newline gets it.
func TestForeignLines(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.Must("useradd", "site")
	for _, f := range foreigners {
		t.Run(f.what, func(t *testing.T) {
			m := m.For(t)
			m.WriteFile("/root/foreign", f.foreign, 0o600)
			m.MustSh("cat /root/foreign | { " + f.put + "; }")
			for _, step := range f.steps {
				manifest := fmt.Sprintf(f.section, step.fields)
				if result := run(m, manifest, "apply"); result.Code != 0 {
					t.Fatal(result)
				}
				want := f.foreign + "\n" + step.ours
				if got := m.Sh(f.show); got.Stdout != want || got.Code != 0 {
					t.Errorf("with %s it is (exit %d)\n%q\nwant\n%q", manifest, got.Code, got.Stdout, want)
				}
				if result := run(m, manifest, "apply"); !strings.Contains(result.Stdout, "all as declared") {
					t.Errorf("applied again: %s", result)
				}
			}
		})
	}
}
