package metrics_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
)

// What is written is read back as it was, names of any kind included, without a
// time stamp anywhere.
func TestReadBack(t *testing.T) {
	t.Parallel()
	families := parse(t, textfile(t, full()))
	for name, value := range map[string]float64{
		"resource=" + hostile + " type=file":   1,
		"resource=/etc/motd type=file":         0,
		"resource=/srv type=directory":         0,
		"resource=caddy.service type=run":      0,
		"resource=web type=sudoers":            1,
		"resource=/etc/old type=file":          0,
		"resource=/etc/unseen type=file":       0,
		"resource=/etc/no-such-file type=file": -1,
	} {
		if got := find(families["mnw_agent_resource_drifted"], name); got != value {
			t.Errorf("%q is %v, want %v", name, got, value)
		}
	}
	for name, f := range families {
		for _, m := range f.Metric {
			if m.TimestampMs != nil {
				t.Errorf("%s has a time stamp", name)
			}
		}
	}
}

// What two manifests say of one thing is told once, and the worse of it: a series
// that is there twice would cost all metrics.
func TestTwice(t *testing.T) {
	t.Parallel()
	s := full()
	s.Checks = append(s.Checks, agent.CheckStatus{Check: "api", Success: true}, agent.CheckStatus{Check: "ssh"})
	s.Resources = append(s.Resources, agent.ResourceStatus{Type: "sudoers", Name: "web", Drifted: true, Since: pointer(at(9))},
		agent.ResourceStatus{Type: "file", Name: "\xff"}, agent.ResourceStatus{Type: "file", Name: "\xfe", Drifted: true})
	s.Manifests = append(s.Manifests, s.Manifests...)
	families := parse(t, textfile(t, s))
	for _, c := range []struct {
		family, series string
		want           float64
	}{
		{"check_success", "check=api", 0},
		{"check_success", "check=ssh", 0},
		{"resource_drifted", "resource=\uFFFD type=file", 1},
		{"resource_drift_since_timestamp_seconds", "resource=web type=sudoers", 1795566615.25},
	} {
		if got := find(families["mnw_agent_"+c.family], c.series); got != c.want {
			t.Errorf("%s, %s: %v, want %v", c.family, c.series, got, c.want)
		}
	}
}

// Any name of a resource, check, unit or manifest gives a file that can be read,
// with that name in it.
func FuzzNames(f *testing.F) {
	f.Add(hostile)
	f.Add("")
	f.Add("\xff\xfe")
	f.Add("\xed\xa0\x80\u2028")
	f.Fuzz(func(t *testing.T, name string) {
		s := full()
		s.Manifests[0].Path, s.Manifests[0].Digest = name, name
		s.Resources[0].Name, s.Resources[0].Drifted = name, true
		s.Units[0].Unit, s.Checks[0].Check = name, name
		families := parse(t, ask(metrics.Handler(func() (*agent.Status, error) { return s, nil }, build), "").Body.Bytes())
		name = strings.ToValidUTF8(name, "\uFFFD")
		if len(families) != 16 || find(families["mnw_agent_resource_drifted"], "resource="+name+" type=directory") != 1 {
			t.Errorf("%q is lost", name)
		}
	})
}

// textfile is what WriteFile writes.
func textfile(t testing.TB, s *agent.Status) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mnw.prom")
	if err := metrics.WriteFile(path, s, build); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// parse reads as node_exporter does.
func parse(t testing.TB, text []byte) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return families
}

// find is the value of a series, -1 when there is none.
func find(f *dto.MetricFamily, series string) float64 {
	for _, m := range f.GetMetric() {
		var labels []string
		for _, l := range m.Label {
			labels = append(labels, l.GetName()+"="+l.GetValue())
		}
		if strings.Join(labels, " ") == series {
			return m.Gauge.GetValue()
		}
	}
	return -1
}
