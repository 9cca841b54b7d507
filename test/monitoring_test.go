package test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// monitoring is the examples for Prometheus and Alertmanager, and where they go on
// a node.
const (
	monitoring      = "../examples/monitoring"
	monitoringPlace = "/etc/prometheus"
	rulesFile       = "rules/mnw-agent.rules.yml"
)

// A rule of Prometheus records or alerts.
type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

// rules is the rules of the examples.
func rules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	readYAML(t, filepath.Join(monitoring, rulesFile), &file)
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) == 0 {
		t.Fatalf("%s: want one group with rules", rulesFile)
	}
	return file.Groups[0].Rules
}

// A ruleTest is a file that promtool test rules reads.
type ruleTest struct {
	Tests []struct {
		Name   string
		Series []struct{ Series string } `yaml:"input_series"`
		Alerts []struct {
			Alert string     `yaml:"alertname"`
			Want  []struct{} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

// ruleTests is the tests of the rules, by path below the examples.
func ruleTests(t *testing.T) map[string]ruleTest {
	t.Helper()
	names, err := filepath.Glob(monitoring + "/tests/*.test.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no tests of rules: %v", err)
	}
	files := map[string]ruleTest{}
	for _, name := range names {
		var file ruleTest
		readYAML(t, name, &file)
		files["tests/"+filepath.Base(name)] = file
	}
	return files
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// Prometheus and Alertmanager themselves take the examples as they are, and all
// cases hold. Where an alert waits, a case must notice a minute more and a minute
// less.
func TestMonitoringExamples(t *testing.T) {
	t.Parallel()
	m := boot.Node(t, boot.Monitoring())
	m.Put(monitoring, monitoringPlace)
	for _, command := range []string{
		"promtool check config prometheus.yml",
		"promtool check rules " + rulesFile,
		"promtool test rules tests/*.test.yml",
		"amtool check-config alertmanager.yml",
	} {
		if result := m.Sh("cd " + monitoringPlace + "; " + command); result.Code != 0 || strings.Contains(result.Stdout, "FAILED") {
			t.Errorf("%s: %s", command, result)
		}
	}

	waits := map[string]bool{}
	for _, r := range rules(t) {
		waits[r.Alert] = r.For != ""
	}
	shipped := m.ReadFile(monitoringPlace + "/" + rulesFile)
	for what, by := range map[string]time.Duration{"longer": time.Minute, "shorter": -time.Minute} {
		m.WriteFile(monitoringPlace+"/"+rulesFile, waiting(t, shipped, by), 0o644)
		for name, file := range ruleTests(t) {
			if alert := tested(file); waits[alert] && m.Run("promtool", "test", "rules", monitoringPlace+"/"+name).Code == 0 {
				t.Errorf("%s does not notice that %s waits a minute %s", name, alert, what)
			}
		}
	}
}

var forLine = regexp.MustCompile(`(?m)^( +for: )(\w+)$`)

// waiting is rules whose alerts wait longer.
func waiting(t *testing.T, rules string, by time.Duration) string {
	return forLine.ReplaceAllStringFunc(rules, func(line string) string {
		parts := forLine.FindStringSubmatch(line)
		wait, err := time.ParseDuration(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		return parts[1] + (wait + by).String()
	})
}

// tested is the alert that a file tests; "" when it tests several, or none.
func tested(file ruleTest) string {
	alerts := map[string]bool{}
	for _, c := range file.Tests {
		for _, a := range c.Alerts {
			alerts[a.Alert] = true
		}
	}
	if len(alerts) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(alerts))[0]
}

// Each alert has a case in which it fires and one in which it never does, says how
// bad it is, and what to do.
func TestMonitoringCases(t *testing.T) {
	t.Parallel()
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, file := range ruleTests(t) {
		for _, c := range file.Tests {
			want := map[string]int{}
			for _, a := range c.Alerts {
				want[a.Alert] += len(a.Want)
			}
			for alert, n := range want {
				fires[alert] = fires[alert] || n > 0
				silent[alert] = silent[alert] || n == 0
			}
		}
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if !fires[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: in no case does it fire, or in none it does not", r.Alert)
		}
		if !strings.HasPrefix(r.Alert, "MnwAgent") || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: its name, its summary or its description is missing", r.Alert)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
		}
	}
}
