package test

import (
	"fmt"
	"strings"
	"testing"
)

// twenty is twenty good resources, of every type.
const twenty = `
groups:
  site: {}
  web: {}
users:
  site: {group: site, groups: [web], home: /srv/site, shell: /bin/bash}
directories:
  /srv/site: {owner: site, group: web, mode: 2775}
  /srv/site/public: {owner: site, group: web}
  /etc/site: {group: site, mode: 0750}
  /etc/site/keys: {mode: 0700}
files:
  /srv/site/public/index.html: {content: "hello\n"}
  /etc/site/tool: {content: "#!/bin/sh\n", mode: 0755}
  /etc/site/hosts: {content: "127.0.0.1 site\n"}
  /etc/motd: {lines: [This is the site.]}
env_files:
  /etc/site/site.env: {set: {PORT: 8080}, secrets: {TOKEN: correct-horse}}
symlinks:
  /srv/www: {target: site/public}
sudoers:
  site-tool: {content: "site ALL=(root) NOPASSWD: /etc/site/tool\n"}
caddyfiles:
  /etc/caddy/Caddyfile: {content: "{\n\tauto_https off\n}\nhttp://localhost:8080 {\n\troot * /srv/www\n\tfile_server\n}\n"}
crontabs:
  site: {jobs: {tidy: {schedule: "0 3 * * *", command: "/etc/site/tool >/dev/null 2>&1"}}}
units:
  site.service: {content: "[Service]\nUser=site\nEnvironmentFile=/etc/site/site.env\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n", enabled: true, active: true}
  site.timer: {content: "[Timer]\nOnCalendar=daily\n", active: true}
  cron.service: {dropins: {site: "[Service]\nNice=1\n"}}
authorized_keys:
  site: {keys: {max: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl max"}}
`

// refusals are resources that a judge, or the loader, refuses.
var refusals = []struct {
	what    string
	section string
	bad     string // what stands in the section, beside the good
	code    int
	says    string
}{
	{"a drop-in that visudo refuses", "sudoers", `bad: {content: "site ALL=(root NOPASSWD: /bin/true\n"}`,
		1, "sudoers:bad: visudo refuses: /etc/sudoers.d/bad:1:16: syntax error"},
	{"a drop-in that only the whole policy refuses", "sudoers", `bad: {content: "User_Alias ADMINS = site\n"}`,
		1, `sudoers:bad: visudo refuses: /etc/sudoers.d/bad:1:25: Alias "ADMINS" already defined`},
	{"a Caddyfile with a syntax error", "caddyfiles", `/etc/caddy/bad: {content: "http://localhost:8081 {\n\tfile_server\n"}`,
		1, "caddyfile:/etc/caddy/bad: caddy refuses: Error: adapting config using caddyfile: /etc/caddy/bad:2 - Syntax error"},
	{"a Caddyfile that imports what is not there", "caddyfiles", `/etc/caddy/bad: {content: "import sites/one\n"}`,
		1, "caddyfile:/etc/caddy/bad: caddy refuses: Error: adapting config using caddyfile: /etc/caddy/bad:1 - Error during parsing: File to import not found: sites/one"},
	{"a unit with an unknown key", "units", `bad.service: {content: "[Service]\nExecStart=/bin/true\nRestartSecs=3\n"}`,
		1, "unit:bad.service: systemd-analyze refuses: /etc/systemd/system/bad.service:3: Unknown key 'RestartSecs' in section [Service], ignoring."},
	{"a drop-in with an unknown key", "units", `dbus.service: {dropins: {bad: "[Service]\nRestartSecs=3\n"}}`,
		1, "unit:dbus.service: systemd-analyze refuses: /etc/systemd/system/dbus.service.d/bad.conf:2: Unknown key 'RestartSecs' in section [Service], ignoring."},
	{"a unit whose program is not there", "units", `bad.service: {content: "[Service]\nExecStart=/no/such/program\n"}`,
		1, "unit:bad.service: systemd-analyze refuses: bad.service: Command /no/such/program is not executable: No such file or directory"},
	{"a file that its own judge refuses", "files", `/etc/ssh/sshd_config.d/bad.conf: {content: "PermitRoot no\n", validate: [sshd, -t]}`,
		1, "file:/etc/ssh/sshd_config.d/bad.conf: sshd refuses: /etc/ssh/sshd_config.d/bad.conf: line 1: Bad configuration option: PermitRoot"},
	{"a crontab with a bad schedule", "crontabs", `root: {jobs: {bad: {schedule: "0 25 * * *", command: /bin/true}}}`,
		64, `jobs.bad.schedule: hour "25": "25" is not a number from 0 to 23`},
}

// One bad resource among twenty good ones, and nothing is written: plan and
// apply say why in the judge's own words, with the place in the manifest.
func TestRefusals(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/etc/sudoers.d/admins", "User_Alias ADMINS = root\n", 0o440)
	for _, r := range refusals {
		t.Run(r.what, func(t *testing.T) {
			m := m.For(t)
			manifest := strings.Replace(twenty, r.section+":\n", r.section+":\n  "+r.bad+"\n", 1)
			place := r.bad
			if _, value, inField := strings.Cut(r.bad, "schedule: "); inField {
				place = value
			}
			says := where(manifest, place) + ": " + r.says
			before := m.Snapshot(stateDir, manifestPath, "/usr")
			for _, verb := range []string{"plan", "apply"} {
				result := run(m, manifest, verb)
				if result.Code != r.code || !strings.Contains(result.Stdout+result.Stderr, says) {
					t.Errorf("%s: want exit %d and %q: %s", verb, r.code, says, result)
				}
			}
			if diff := before.Diff(m.Snapshot(stateDir, manifestPath, "/usr")); diff != "" {
				t.Errorf("it has changed the node:\n%s", diff)
			}
		})
	}
	if result := run(m, twenty, "apply"); result.Code != 0 {
		t.Errorf("without the bad ones: %s", result)
	}
}

// where is the position of a text in the manifest that run writes.
func where(manifest, text string) string {
	above, _, _ := strings.Cut("version: 1\n"+manifest, text)
	line := strings.Count(above, "\n")
	column := len(above) - strings.LastIndex(above, "\n")
	return fmt.Sprintf("%s:%d:%d", manifestPath, line+1, column)
}
