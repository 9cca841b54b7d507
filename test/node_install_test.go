package test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// keeps is a manifest that keeps a file, which tells whether somebody applies it.
const keeps = "version: 1\nfiles: {/srv/kept: {content: x}}\n"

const (
	timerFile   = "/etc/systemd/system/mnw-agent.timer"
	oneshotFile = "/etc/systemd/system/mnw-agent.service"
	servingFile = "/etc/systemd/system/mnw-agent-serve.service"
)

// comesBack takes the file away that a manifest keeps, and waits until it is there
// again without anybody's doing.
const comesBack = "rm -f /srv/kept; until test -e /srv/kept; do sleep 0.1; done"

// acted is the resources that a run has changed.
func acted(t *testing.T, result boot.Result) []string {
	t.Helper()
	var ids []string
	for _, one := range report(t, result).Resources {
		if one.Outcome != "ok" {
			ids = append(ids, one.ID)
		}
	}
	return ids
}

// What is installed is an ordinary run: planned, shown, done once, taken back; and
// then a timer applies the manifest by itself. Uninstall leaves the state alone.
func TestInstall(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, keeps, 0o600)
	install := func(args ...string) boot.Result {
		t.Helper()
		return m.Agent(append([]string{"install", manifestPath}, args...)...)
	}
	before := m.Snapshot(stateDir)
	if planned := install("--every", "5s", "--plan"); planned.Code != 2 || !strings.Contains(planned.Stdout, "    +OnCalendar=*-*-* *:*:00/5 UTC\n") {
		t.Errorf("plan: %s", planned)
	}
	if diff := before.Diff(m.Snapshot(stateDir)); diff != "" {
		t.Errorf("plan has changed the node:\n%s", diff)
	}
	if first := install("--every", "5s", "--diff"); first.Code != 0 || !strings.Contains(first.Stdout, "    +Persistent=true\n") || !strings.Contains(first.Stdout, "mnw-agent.timer starts mnw-agent.service from now on") {
		t.Errorf("install: %s", first)
	}
	m.MustSh("systemctl is-enabled mnw-agent.timer; " + comesBack)
	installed := m.Snapshot(stateDir, "/var/lib/systemd/timers")
	if again := install("--every", "5s"); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("install again: %s", again)
	}
	if diff := installed.Diff(m.Snapshot(stateDir, "/var/lib/systemd/timers")); diff != "" {
		t.Errorf("to install again has changed the node:\n%s", diff)
	}
	hourly := install("--every", "1h", "--json")
	if got := acted(t, hourly); hourly.Code != 0 || !slices.Equal(got, []string{"run:mnw-agent.timer", "unit:mnw-agent.timer"}) {
		t.Errorf("another interval changes %s: %s", got, hourly)
	}
	if back := m.Agent("rollback", "--wait", "30s", strconv.Itoa(report(t, hourly).Run)); back.Code != 0 || strings.Contains(back.Stdout, "held") {
		t.Errorf("rollback: %s", back)
	}
	m.MustSh(comesBack)
	if hourly := install("--every", "1h"); hourly.Code != 0 || !strings.Contains(hourly.Stdout, "changed") {
		t.Errorf("what was taken back is asked for again: %s", hourly)
	}
	m.MustSh("mkdir " + oneshotFile + ".d; printf '[Service]\\nNice=1\\n' >" + oneshotFile + ".d/own.conf")
	if own := install("--every", "1h", "--json"); own.Code != 0 || !slices.Equal(acted(t, own), []string{"run:mnw-agent.service"}) {
		t.Errorf("with a drop-in of somebody's own: %s", own)
	}
	m.MustSh("test $(systemctl show -P Nice mnw-agent) = 1; rm -r " + oneshotFile + ".d")

	m.WriteFile(manifestPath, "version: 1\nnonsense", 0o600)
	if failed := startService(m); failed.Code != 64 {
		t.Errorf("a manifest that is wrong: %s", failed)
	}
	m.MustSh("systemctl is-failed mnw-agent.service")
	if planned := m.Agent("uninstall", "--plan"); planned.Code != 2 {
		t.Errorf("uninstall --plan: %s", planned)
	}
	m.MustSh("systemctl is-active mnw-agent.timer")
	if gone := m.Agent("uninstall"); gone.Code != 0 || !strings.Contains(gone.Stdout, "note: "+stateDir+" stays") {
		t.Errorf("uninstall: %s", gone)
	}
	if diff := before.WithoutTimes().Diff(m.Snapshot(stateDir).WithoutTimes()); regexp.MustCompile(`(?m)^(\+ /srv/kept|~ `+manifestPath+`|[+~] /var/lib/systemd/timers) .*\n?`).ReplaceAllString(diff, "") != "" {
		t.Errorf("uninstall has left something:\n%s", diff)
	}
	if units := m.MustSh("systemctl list-units --all --plain --no-legend 'mnw-agent*'"); units != "" {
		t.Errorf("systemd still knows %s", units)
	}
	if known := status(t, m); len(known.Resources) > 0 && known.Resources[0].Manifest == stateDir+"/install.yaml" || len(known.Manifests) > 1 {
		t.Errorf("after that, still known are %+v", known.Manifests)
	}
	if again := m.Agent("uninstall"); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("uninstall again: %s", again)
	}
}

// The service that goes on running takes the place of the timer, and the other way
// round; a program that was replaced is started by the next install.
func TestInstallServe(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, keeps, 0o600)
	for _, c := range []struct {
		args    []string
		up, off string
	}{
		{[]string{"--every", "24h"}, "mnw-agent.timer", servingFile},
		{[]string{"--serve", "--interval", "1s"}, "mnw-agent-serve.service", timerFile + " " + oneshotFile},
		{[]string{"--every", "1s"}, "mnw-agent.timer", servingFile},
	} {
		args := append([]string{"install", manifestPath}, c.args...)
		if result := m.Agent(args...); result.Code != 0 {
			t.Fatalf("%s: %s", c.args, result)
		}
		m.MustSh("systemctl is-active " + c.up + "; systemctl is-enabled " + c.up + "; for f in " + c.off + "; do ! test -e $f; done")
		if again := m.Agent(args...); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
			t.Errorf("%s again: %s", c.args, again)
		}
		if c.args[1] != "24h" {
			m.MustSh(comesBack)
		}
	}
	serve := []string{"install", "--json", manifestPath, "--serve", "--listen", "127.0.0.1:9999", "--atomic", "--prune", "--keep", "7", "--timeout", "10m", "--wait", "2m",
		"--state-dir", stateDir, "--metrics-file", "/srv/x.prom"}
	m.Must(append([]string{boot.AgentPath}, serve...)...)
	m.MustSh("curl -sS --fail 127.0.0.1:9999/healthz; until test -e /srv/x.prom; do sleep 0.1; done")
	before := pid(m, "mnw-agent-serve")
	m.MustSh("cp " + boot.AgentPath + " /usr/local/bin/new; mv /usr/local/bin/new " + boot.AgentPath)
	if result := m.Agent(serve...); result.Code != 0 || !slices.Equal(acted(t, result), []string{"run:mnw-agent-serve.service"}) || pid(m, "mnw-agent-serve") == before {
		t.Errorf("after an upgrade: %s", result)
	}
	m.MustSh("systemctl reload mnw-agent-serve; kill -KILL $(systemctl show -P MainPID mnw-agent-serve); until systemctl is-active mnw-agent-serve; do sleep 0.2; done")
	if gone := m.Agent("uninstall"); gone.Code != 0 {
		t.Error(gone)
	}
	if units := m.MustSh("systemctl list-units --all --plain --no-legend 'mnw-agent*'; ls /etc/systemd/system | grep mnw-agent || :"); units != "" {
		t.Errorf("left: %s", units)
	}
}

// hostilePlaces are directories for a manifest and for the program. What systemd takes
// for the name of no program cannot hold the latter.
var hostilePlaces = []struct{ dir, program string }{
	{"a b", "a b"},
	{"100%n%%", "100%n%%"},
	{"$HOME${PATH}$$", "$HOME${PATH}$$"},
	{"${vars.x}${facts.hostname}", "${vars.x}"},
	{`it's "so"`, "plain"},
	{`back\slash\n\`, "plain"},
	{";", ";"},
	{"#", "#x"},
	{"- --json", "-x"},
	{"tab\tand\nline", "plain"},
	{"ä€😀", "ä€😀"},
	{"{{.Name}}", "{{.Name}}"},
	{"no\xfftext", "no\xfftext"},
}

// Whatever the manifest and the program are called, the service finds them.
func TestInstallHostilePaths(t *testing.T) {
	t.Parallel()
	m := ready(t)
	for i, place := range hostilePlaces {
		program, manifest := "/opt/"+place.program+"/mnw-agent", "/etc/"+place.dir+"/manifest.yaml"
		m.Must("mkdir", "-p", "/opt/"+place.program)
		m.Must("cp", boot.AgentPath, program)
		m.WriteFile(manifest, fmt.Sprintf("version: 1\nfiles: {/srv/kept-%d: {content: x}}\n", i), 0o600)
		if result := m.Run(program, "install", manifest, "--every", "24h"); result.Code != 0 {
			t.Errorf("%q: %s", place, result)
			continue
		}
		if result := startService(m); result.Code != 0 {
			t.Errorf("%q: %s", place, result)
		}
		m.MustSh(fmt.Sprintf("test -e /srv/kept-%d", i))
		if last := report(t, boot.Result{Stdout: m.ReadFile(stateDir + "/report.json")}); last.Manifest != strings.ToValidUTF8(manifest, "�") {
			t.Errorf("it applied %q, not %q", last.Manifest, manifest)
		}
	}
	m.WriteFile(manifestPath, keeps, 0o600)
	m.MustSh(`mkdir "/opt/say'so"; cp ` + boot.AgentPath + ` "/opt/say'so/"`)
	if result := m.Run("/opt/say'so/mnw-agent", "install", manifestPath); result.Code != 1 || !strings.Contains(result.Stdout, "Executable name contains special characters") {
		t.Errorf("systemd takes no program with a quote in its path: %s", result)
	}
}

// What somebody else could change is not run as root; nothing is installed then.
func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, keeps, 0o600)
	m.MustSh(`useradd other; install -d -o other /srv/other; install -d -m 0777 /srv/open; install -d /srv/open/below
cp ` + manifestPath + ` /srv/other/m.yaml; cp ` + manifestPath + ` /srv/open/below/m.yaml; cp ` + boot.AgentPath + ` /srv/open/below/
cp ` + boot.AgentPath + ` /usr/local/bin/writable; chmod 0777 /usr/local/bin/writable; ln -s /srv/open/below/m.yaml /etc/m.yaml
printf 'version: 1\nunits:\n  mnw-agent.timer: {content: "[Timer]\\nOnBootSec=1\\n"}\n' >/etc/own.yaml; printf 'version: 1\nfile: {}\n' >/etc/wrong.yaml`)
	const agentPath = boot.AgentPath
	for _, c := range []struct {
		argv []string
		code int
		says string
	}{
		{[]string{agentPath, "install", "/srv/other/m.yaml"}, 64, "/srv/other/m.yaml: the directory /srv/other belongs to user"},
		{[]string{agentPath, "install", "/srv/open/below/m.yaml"}, 64, "the directory /srv/open may be written by others"},
		{[]string{agentPath, "install", "/etc/m.yaml"}, 64, "the directory /srv/open may be written by others"},
		{[]string{"/srv/open/below/mnw-agent", "install", manifestPath}, 1, "/srv/open/below/mnw-agent would run as root: the directory /srv/open may be written by others"},
		{[]string{"/usr/local/bin/writable", "install", manifestPath}, 1, "/usr/local/bin/writable would run as root: it may be written by others"},
		{[]string{agentPath, "install", "/etc/own.yaml"}, 64, "/etc/own.yaml:3:3: unit:mnw-agent.timer is what install sets up"},
		{[]string{agentPath, "install", "/etc/wrong.yaml"}, 64, `unknown section "file"`},
		{[]string{agentPath, "install", "/etc/none.yaml"}, 64, "no such file"},
		{[]string{agentPath, "install", manifestPath, "--metrics-file", "/srv/none/x.prom"}, 1, "there is no directory /srv/none"},
		{[]string{"runuser", "-u", "other", "--", agentPath, "install", "/etc/own.yaml"}, 1, "install changes this system and needs root"},
		{[]string{"runuser", "-u", "other", "--", agentPath, "uninstall"}, 1, "uninstall changes this system and needs root"},
	} {
		if result := m.Run(c.argv...); result.Code != c.code || !strings.Contains(result.Stderr, c.says) {
			t.Errorf("%s: want %d and %q: %s", c.argv, c.code, c.says, result)
		}
	}
	m.MustSh("! ls /etc/systemd/system/mnw-agent*")
}

// The metrics go where node_exporter looks for them, unless somebody wants otherwise;
// two manifests have a timer each, and write to one file.
func TestInstallMetrics(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, keeps, 0o600)
	m.WriteFile("/root/web.yaml", "version: 1\nfiles: {/srv/web: {content: x}}\n", 0o600)
	m.MustSh("useradd prometheus; install -d -o prometheus /var/lib/prometheus/node-exporter")
	m.Must(boot.AgentPath, "install", manifestPath, "--every", "24h", "--atomic", "--prune", "--keep", "7", "--timeout", "10m", "--wait", "2m", "--state-dir", "/var/lib/other")
	m.Must(boot.AgentPath, "install", "/root/web.yaml", "--every", "24h", "--name", "mnw-agent-web")
	const words = "ExecStart=:/usr/local/bin/mnw-agent apply /root/manifest.yaml --timeout 10m --wait 2m --atomic --prune --keep 7 --state-dir /var/lib/other --metrics-file /var/lib/prometheus/node-exporter/mnw-agent.prom\n"
	if unit := m.ReadFile(oneshotFile); !strings.Contains(unit, words) || !strings.Contains(unit, "TimeoutStartSec=15m\n") {
		t.Error(unit)
	}
	const prom = "/var/lib/prometheus/node-exporter/mnw-agent.prom"
	m.MustSh("systemctl start mnw-agent; test $(stat -c %a " + prom + ") = 644; grep 'result=\"changed\"} 1' " + prom + "; systemctl start mnw-agent-web; test -e /srv/web; grep web.yaml " + prom)
	m.Must(boot.AgentPath, "install", manifestPath, "--every", "24h", "--metrics-file", "none")
	if unit := m.ReadFile(oneshotFile); strings.Contains(unit, "--metrics-file") {
		t.Error(unit)
	}
	m.Must(boot.AgentPath, "uninstall", "--name", "mnw-agent-web")
	m.MustSh("! ls /etc/systemd/system/mnw-agent-web*; systemctl is-active mnw-agent.timer")
}

// Beside a run of the timer, install waits, or gives up; the service waits for it, too.
func TestInstallBesideARun(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, "version: 1\n", 0o600)
	m.Must(boot.AgentPath, "install", manifestPath, "--every", "24h")
	m.WriteFile(manifestPath, "version: 1\nfiles: {/srv/kept: {content: x}}\n"+strings.Replace(slowService, "3s", "5s", 1), 0o600)
	m.MustSh("systemctl start --no-block mnw-agent; until systemctl is-active --quiet slow; do sleep 0.05; done")
	if result := m.Agent("install", manifestPath, "--every", "1h", "--wait", "0s"); result.Code != 5 {
		t.Errorf("want 5: %s", result)
	}
	if result := m.Agent("install", manifestPath, "--every", "1h"); result.Code != 0 {
		t.Errorf("it does not wait: %s", result)
	}
	m.MustSh("test -e /srv/kept; flock " + stateDir + "/lock sleep 2 & sleep 0.5; rm /srv/kept; systemctl start mnw-agent; test -e /srv/kept")

	// A stop lets the run come to an end by itself.
	m.MustSh("systemctl stop slow; systemctl start --no-block mnw-agent; until systemctl is-active --quiet slow; do sleep 0.05; done; systemctl stop mnw-agent")
	if said := m.Must("journalctl", "--unit=mnw-agent", "--output=cat", "--lines=6"); !strings.Contains(said, "The run was stopped before its end: apply again.") {
		t.Errorf("stopped: %s", said)
	}
}

// exposureLimit is what systemd-analyze security says of the units, of 10, and a little
// more. What is not given up, and why, stands in the units.
const exposureLimit = 4.5

func TestExposure(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, keeps, 0o600)
	for unit, args := range map[string][]string{"mnw-agent.service": {"--every", "24h"}, "mnw-agent-serve.service": {"--serve"}} {
		m.Must(append([]string{boot.AgentPath, "install", manifestPath}, args...)...)
		said := m.Must("systemd-analyze", "security", "--no-pager", unit)
		found := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+) `).FindStringSubmatch(said)
		if found == nil {
			t.Fatal(said)
		}
		t.Logf("%s: exposed by %s", unit, found[1])
		if exposure, err := strconv.ParseFloat(found[1], 64); err != nil || exposure > exposureLimit {
			t.Errorf("%s: exposed by %s, want at most %.1f:\n%s", unit, found[1], exposureLimit, said)
		}
	}
}

// The whole move of a server goes through under the service as it does by hand.
func TestMnwUnderTheService(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.Server()
	m.Release("0.9.5")
	m.Put("../examples/mnw", "/root/mnw")
	m.InstallAgent()
	caddy := pid(m, "caddy")
	m.Must(boot.AgentPath, "install", "/root/mnw/manifest.yaml", "--every", "24h")
	if result := startService(m); result.Code != 0 {
		t.Fatal(result)
	}
	moved(t, m)
	if now := pid(m, "caddy"); now != caddy {
		t.Error("caddy was restarted, not reloaded")
	}
	if result := m.Agent("apply", "/root/mnw/manifest.yaml"); result.Code != 0 || !strings.Contains(result.Stdout, "all as declared") {
		t.Errorf("applied by hand: %s", result)
	}
}

// An image gets the units, enabled, with the paths that it will have itself.
func TestInstallIntoAnImage(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("mkdir -p /srv/image/usr/local/bin /srv/image/etc; cp -r /etc/systemd /srv/image/etc; printf '" + strings.ReplaceAll(keeps, "\n", `\n`) + "' >/srv/image/etc/m.yaml")
	if result := m.Agent("install", "--root", "/srv/image", "/srv/image/etc/m.yaml"); result.Code != 1 || !strings.Contains(result.Stderr, "there is no /srv/image"+boot.AgentPath) {
		t.Errorf("without the program: %s", result)
	}
	m.MustSh("cp " + boot.AgentPath + " /srv/image/usr/local/bin")
	if result := m.Agent("install", "--root", "/srv/image", manifestPath); result.Code != 64 {
		t.Errorf("a manifest outside: %s", result)
	}
	m.Must(boot.AgentPath, "install", "--root", "/srv/image", "/srv/image/etc/m.yaml", "--every", "10m")
	m.MustSh("grep -q '^ExecStart=:/usr/local/bin/mnw-agent apply /etc/m.yaml ' /srv/image" + oneshotFile + "; test -h /srv/image/etc/systemd/system/timers.target.wants/mnw-agent.timer; ! ls " + oneshotFile)
	m.MustSh("mnw-agent uninstall --root /srv/image; ! ls /srv/image/etc/systemd/system/mnw-agent* /srv/image/etc/systemd/system/*/mnw-agent*")
}
