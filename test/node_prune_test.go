package test

import (
	"strings"
	"testing"
)

// What others have made of a node in the meantime stays when --prune takes back what
// the agent made.
func TestPruneKeepsTheirs(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile("/etc/systemd/system/old.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n", 0o644)
	m.MustSh("systemctl enable --now old; useradd -m -s /bin/sh had; groupadd theirs; echo '0 0 * * * before' | crontab -u had -")
	const all = `
groups: {shared: {}}
users: {had: {shell: /bin/bash, groups: [shared]}, made: {home: /home/made}}
directories: {/home/made: {owner: made, group: made, mode: 0750}}
crontabs: {had: {jobs: {ours: {schedule: "0 3 * * *", command: "true"}}}}
units: {old.service: {active: true, enabled: true}}
`
	apply := func(manifest string, args ...string) {
		t.Helper()
		if result := run(m, manifest, append([]string{"apply"}, args...)...); result.Code != 0 {
			t.Fatal(result)
		}
	}
	apply(all)
	m.MustSh("systemctl stop old; (crontab -u had -l; echo '1 1 * * * between') | crontab -u had -")
	apply(strings.ReplaceAll(all, "0 3", "0 4"))
	m.MustSh("(crontab -u had -l; echo '2 2 * * * after') | crontab -u had -; usermod -aG theirs had; usermod -aG shared daemon")
	m.MustSh("echo data >/home/made/data; usermod -u 5555 made")
	apply("files: {}\n", "--prune")
	if table := m.Must("crontab", "-u", "had", "-l"); table != "0 0 * * * before\n1 1 * * * between\n2 2 * * * after" && table != "0 0 * * * before\n1 1 * * * between\n2 2 * * * after\n" {
		t.Errorf("the table is %q", table)
	}
	m.MustSh("systemctl is-active old; systemctl is-enabled old") // it ran before the agent came
	m.MustSh("test \"$(getent passwd had | cut -d: -f7)\" = /bin/sh; id -nG had | grep theirs; ! id -nG had | grep shared")
	m.MustSh("getent group shared | grep daemon; ! id made; test -e /home/made/data")
	apply("files: {}\n", "--prune")
	if s := status(t, m); len(s.Resources) != 0 {
		t.Errorf("known is still %+v", s.Resources)
	}
}

// A run that cannot be remembered, for the disk is full, is a failed one to
// Prometheus, too; and the counters go on from where they were.
func TestMetricsOfWhatIsNotKept(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("mkdir /run/small /run/metrics; mount -t tmpfs -o size=64k tmpfs /run/small; mkdir -m 700 /run/small/state")
	args := []string{"--state-dir", "/run/small/state", "--metrics-file", "/run/metrics/a.prom"}
	const manifest = "files: {/etc/f: {content: x}}\n"
	says := func(series string) {
		t.Helper()
		if text := m.ReadFile("/run/metrics/a.prom"); !strings.Contains(text, series) {
			t.Errorf("the metrics do not say %s:\n%s", series, text)
		}
	}
	run(m, manifest, append([]string{"apply"}, args...)...)
	run(m, manifest, append([]string{"plan"}, args...)...)
	says(`mnw_agent_last_run_result{mode="plan",result="converged"} 1`)
	m.MustSh("! dd if=/dev/zero of=/run/small/fill bs=4k; rm /etc/f")
	run(m, manifest, append([]string{"plan"}, args...)...)
	says(`mnw_agent_last_run_result{mode="plan",result="failed"} 1`)
	says(`mnw_agent_runs_total{mode="plan",result="converged"} 1`)
	m.MustSh("rm /run/small/fill")
	run(m, manifest, append([]string{"plan"}, args...)...)
	says(`mnw_agent_last_run_result{mode="plan",result="drifted"} 1`)
	says(`mnw_agent_runs_total{mode="plan",result="drifted"} 1`)
}
