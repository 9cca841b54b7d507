package test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/makenotwork/mnw-agent/test/boot"
)

const (
	metricsDir  = "/var/lib/node_exporter" // a directory that the agent does not make
	metricsPath = metricsDir + "/mnw.prom"
)

// measured is runs, one after the other, and what the metrics then say: each line
// is a series and its value, in the order of the labels' names.
var measured = []struct {
	what     string
	before   string // a script
	manifest string
	args     string
	code     int
	says     string
}{
	{"plan of what is new", "", measuredFile, "plan", 2, `
last_run_result{mode=plan,result=drifted} 1
resources{state=pending,type=file} 1
resource_drifted{resource=/srv/f,type=file} 0
runs_total{mode=plan,result=drifted} 1
runs_total{mode=apply,result=changed} 0
changes_total{cause=intended,type=file} 0`},
	{"changed", "", measuredFile, "apply", 0, `
last_run_result{mode=apply,result=changed} 1
last_run_result{mode=plan,result=drifted} 1
resources{state=converged,type=file} 1
changes_total{cause=intended,type=file} 1
changes_total{cause=drift,type=file} 0
check_success{check=up} 1`},
	{"converged", "", measuredFile, "apply", 0, `
last_run_result{mode=apply,result=converged} 1
runs_total{mode=apply,result=changed} 1
runs_total{mode=apply,result=converged} 1`},
	{"plan of drift", "echo y >/srv/f", measuredFile, "plan", 2, `
last_run_result{mode=plan,result=drifted} 1
resources{state=drifted,type=file} 1
resource_drifted{resource=/srv/f,type=file} 1
runs_total{mode=plan,result=drifted} 2`},
	{"drift corrected", "", measuredFile, "apply", 0, `
last_run_result{mode=apply,result=changed} 1
resource_drifted{resource=/srv/f,type=file} 0
changes_total{cause=drift,type=file} 1
changes_total{cause=intended,type=file} 1`},
	{"failed", "", measuredFile + "symlinks: {/srv/l: {}}\n", "apply", 1, `
last_run_result{mode=apply,result=failed} 1
resources{state=failed,type=symlink} 1
runs_total{mode=apply,result=failed} 1`},
	{"refused", "", measuredFile + "sudoers: {bad: {content: \"x ALL=(root NOPASSWD: /bin/true\\n\"}}\n", "apply", 1, `
last_run_result{mode=apply,result=failed} 1
resources{state=failed,type=sudoers} 1
runs_total{mode=apply,result=failed} 2`},
	{"a check fails", "rm /run/up", measuredFile, "apply", 0, `
last_run_result{mode=apply,result=converged} 1
check_success{check=up} 0
resources{state=failed,type=check} 1
runs_total{mode=apply,result=converged} 2`},
	{"a manifest that is wrong", "touch /run/up", "fils: {}\n", "apply", 64, `
last_run_result{mode=apply,result=failed} 1
resource_drifted{resource=/srv/f,type=file} 0
runs_total{mode=apply,result=failed} 3`},
	{"rolled back", "", measuredUnit, "apply", 3, `
last_run_result{mode=apply,result=rolled_back} 1
runs_total{mode=apply,result=rolled_back} 1
rollbacks_total{outcome=succeeded} 1
changes_total{cause=intended,type=file} 1`},
	{"held", "", measuredUnit, "apply", 3, `
last_run_result{mode=apply,result=held} 1
runs_total{mode=apply,result=held} 1
runs_total{mode=apply,result=rolled_back} 1
rollbacks_total{outcome=succeeded} 1`},
	{"a roll-back that fails", "", `
files: {/srv/stuck: {content: x}}
units: {sticks.service: {active: true, content: "[Service]\nExecStart=/bin/sh -c 'chattr +i /srv/stuck; exit 3'\n", after: [file:/srv/stuck]}}
`, "apply", 4, `
last_run_result{mode=apply,result=rollback_failed} 1
runs_total{mode=apply,result=rollback_failed} 1
rollbacks_total{outcome=failed} 1
rollbacks_total{outcome=succeeded} 1`},
	{"another one", "chattr -i /srv/stuck; systemctl reset-failed", "files: {/srv/g: {content: x}}\n", "apply --retry-held", 0, `
last_run_result{mode=apply,result=changed} 1
resources{state=converged,type=file} 1
changes_total{cause=intended,type=file} 2`},
	{"a unit with an older environment", "echo A=1 >/etc/old.env", measuredStale, "apply", 0, `
unit_stale{cause=environment,unit=old.service} 0
unit_stale{cause=unit,unit=old.service} 0`},
	{"a plan of it", "sleep 0.01; echo A=2 >/etc/old.env", measuredStale, "plan", 2, `
unit_stale{cause=environment,unit=old.service} 1
unit_stale{cause=unit,unit=old.service} 0
resource_drifted{resource=old.service,type=run} 1`},
}

const (
	measuredFile  = "files: {/srv/f: {content: x}}\nchecks: {up: {command: [test, -e, /run/up], within: 1s}}\n"
	measuredUnit  = "files: {/srv/back: {content: x}}\nunits: {dies.service: {active: true, content: \"[Service]\\nExecStart=/bin/sh -c 'echo dying words; exit 3'\\n\"}}\n"
	measuredStale = "units: {old.service: {active: true, content: \"[Service]\\nEnvironmentFile=/etc/old.env\\nExecStart=/bin/sleep infinity\\n\"}}\n"
)

// The metrics of a run are there however it ends: complete at any moment, for
// everybody to read, and with counters that only ever rise.
func TestMetricsFile(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("touch /run/up; mkdir " + metricsDir)
	defer watchMetrics(t, m)()
	before := map[string]float64{}
	for _, c := range measured {
		m.MustSh(c.before + "\n:")
		began := time.Now().Truncate(time.Millisecond)
		result := run(m, c.manifest, append(strings.Fields(c.args), "--metrics-file", metricsPath)...)
		if result.Code != c.code || strings.Contains(result.Stderr, "metrics") {
			t.Fatalf("%s: want exit %d: %s", c.what, c.code, result)
		}
		before = sameOrMore(t, c.what, before, exposed(t, m))
		mode, _, _ := strings.Cut(c.args, " ")
		if at := before["last_run_timestamp_seconds{mode="+mode+"}"]; at < seconds(began) || at > seconds(time.Now()) {
			t.Errorf("%s: the last run was at %v", c.what, at)
		}
		expect(t, c.what, before, c.says+"\nrun_in_progress 0")
	}

	locked := m.Run("flock", stateDir+"/lock", boot.AgentPath, "apply", "--metrics-file", metricsPath, manifestPath)
	if locked.Code != 5 {
		t.Errorf("locked out: %s", locked)
	}
	result := before["last_run_timestamp_seconds{mode=apply}"]
	before = sameOrMore(t, "locked out", before, exposed(t, m))
	expect(t, "locked out", before, "runs_total{mode=apply,result=locked} 1\nrun_in_progress 1\nlast_run_result{mode=apply,result=changed} 1")
	if before["last_run_timestamp_seconds{mode=apply}"] != result {
		t.Errorf("a run that was locked out is the last run")
	}
	back := m.Agent("rollback", "--metrics-file", metricsPath)
	before = sameOrMore(t, "rollback", before, exposed(t, m))
	if expect(t, "rollback", before, "rollbacks_total{outcome=succeeded} 2\nrun_in_progress 0"); back.Code != 0 {
		t.Errorf("rollback: %s", back)
	}
}

// While a run is under way, its metrics say so; they do until the next one when
// it is killed.
func TestMetricsOfARunUnderWay(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh("mkdir " + metricsDir)
	m.WriteFile(manifestPath, "version: 1\n"+slowService, 0o600)
	m.MustSh(`mnw-agent apply --metrics-file ` + metricsPath + ` ` + manifestPath + ` >/dev/null & 
until systemctl is-active --quiet slow; do sleep 0.05; done; kill -9 $!; wait $! || :`)
	under := exposed(t, m)
	expect(t, "killed", under, "run_in_progress 1\nruns_total{mode=apply,result=changed} 0")
	if result := m.Agent("apply", "--metrics-file", metricsPath, manifestPath); result.Code != 0 {
		t.Errorf("applied again: %s", result)
	}
	expect(t, "applied again", sameOrMore(t, "applied again", under, exposed(t, m)), "run_in_progress 0")
}

// exposed is the metrics file's series, by name and labels.
func exposed(t *testing.T, m *boot.Machine) map[string]float64 {
	t.Helper()
	if mode := m.Must("stat", "-c", "%a %U %F", metricsPath); mode != "644 root regular file" {
		t.Errorf("%s is %s", metricsPath, mode)
	}
	if strings.Contains(m.ReadFile(metricsPath), "dying words") {
		t.Error("the metrics tell what a unit has logged")
	}
	series, err := readMetrics([]byte(m.ReadFile(metricsPath)))
	if err != nil {
		t.Fatal(err)
	}
	return series
}

// readMetrics reads as node_exporter does, and refuses what it would.
func readMetrics(text []byte) (map[string]float64, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	series := map[string]float64{}
	for name, f := range families {
		name = strings.TrimPrefix(name, "mnw_agent_")
		for _, metric := range f.Metric {
			if metric.TimestampMs != nil || f.GetHelp() == "" {
				return nil, fs.ErrInvalid
			}
			series[name+labelsOf(metric)] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	return series, err
}

func labelsOf(metric *dto.Metric) string {
	var labels []string
	for _, l := range metric.Label {
		labels = append(labels, l.GetName()+"="+l.GetValue())
	}
	if len(labels) == 0 {
		return ""
	}
	return "{" + strings.Join(labels, ",") + "}"
}

// sameOrMore holds that no counter is lost or falls, and that each mode had one
// result.
func sameOrMore(t *testing.T, what string, before, after map[string]float64) map[string]float64 {
	t.Helper()
	results := map[string]float64{}
	for name, value := range after {
		if mode, _, ok := strings.Cut(name, ",result="); ok && strings.HasPrefix(name, "last_run_result") {
			results[mode] += value
		}
	}
	for mode, sum := range results {
		if sum != 1 {
			t.Errorf("%s: %s,…} adds up to %v", what, mode, sum)
		}
	}
	for name, value := range before {
		if is, ok := after[name]; strings.Contains(name, "_total{") && (!ok || is < value) {
			t.Errorf("%s: %s was %v, and is %v (%v)", what, name, value, is, ok)
		}
	}
	return after
}

// expect wants some series to have a value.
func expect(t *testing.T, what string, series map[string]float64, want string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(want), "\n") {
		name, value, _ := strings.Cut(line, "} ")
		if strings.Contains(line, "}") {
			name += "}"
		} else {
			name, value, _ = strings.Cut(line, " ")
		}
		is, ok := series[name]
		if wants := map[string]float64{"0": 0, "1": 1, "2": 2, "3": 3, "4": 4}[value]; !ok || is != wants {
			t.Errorf("%s: %s is %v (%v), want %s", what, name, is, ok, value)
		}
	}
}

// watchMetrics looks at the directory as often as it can, until it is told to
// stop: no other file that node_exporter would read may ever be there, and no half
// of one.
func watchMetrics(t *testing.T, m *boot.Machine) (stop func()) {
	dir := m.Root() + metricsDir
	end, ended := make(chan struct{}), make(chan struct{})
	looks, complete := 0, 0
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			default:
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Errorf("watching: %v", err)
				return
			}
			for _, e := range entries {
				if strings.HasSuffix(e.Name(), ".prom") && e.Name() != filepath.Base(metricsPath) {
					t.Errorf("node_exporter would read %s", e.Name())
				}
			}
			looks++
			if text, err := os.ReadFile(filepath.Join(dir, filepath.Base(metricsPath))); err == nil {
				if series, err := readMetrics(text); err != nil || len(series) < 100 {
					t.Errorf("at some moment node_exporter would have read %d series, %v", len(series), err)
				}
				complete++
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return func() {
		close(end)
		<-ended
		if looks < 100 || complete < 100 {
			t.Errorf("the watcher has looked %d times, and read the file %d times", looks, complete)
		}
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
