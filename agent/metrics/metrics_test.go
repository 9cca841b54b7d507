package metrics_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/agent/metrics"
)

var update = flag.Bool("update", false, "write what is exposed into testdata/")

// The families, their labels and texts are promises.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*agent.Status{
		"full": full(),
		"new":  {Counters: agent.Counters{Runs: map[agent.Mode]map[agent.Result]int{}}},
		// Whose state directory cannot be read: no counter says that it is 0.
		"unreadable": {Runs: []agent.RunStatus{{Mode: agent.ModeApply, Ended: at(7), Result: agent.Failed}}},
	} {
		golden := filepath.Join("testdata", name+".prom")
		got := textfile(t, s)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-update writes it):\n%s", golden, diff)
		}
		if bytes.Contains(got, []byte("free text")) {
			t.Errorf("%s: free text", golden)
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	problems, err := testutil.CollectAndLint(metrics.Collector(full(), build))
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %+v", err, problems)
	}
	if problems, err = testutil.GatherAndLint(metrics.Registry(full(), build)); err != nil || len(problems) > 0 {
		t.Errorf("%v %+v", err, problems)
	}
}

// serve says what the file says, byte for byte, whatever format is asked for.
func TestHandlerIsTheTextfile(t *testing.T) {
	t.Parallel()
	handler := metrics.Handler(func() (*agent.Status, error) { return full(), nil }, build)
	for _, accept := range []string{
		"", "*/*", "text/plain",
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4",
	} {
		answer := ask(handler, accept)
		if answer.Code != http.StatusOK || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
			t.Errorf("%s: %d, %s", accept, answer.Code, answer.Header())
		}
		if diff := cmp.Diff(string(textfile(t, full())), answer.Body.String()); diff != "" {
			t.Errorf("%s: the file and the answer differ:\n%s", accept, diff)
		}
	}
}

// Each answer is made of the status as it then is, and one that there is none is
// told as an error.
func TestHandlerAsks(t *testing.T) {
	t.Parallel()
	s, err := full(), error(nil)
	handler := metrics.Handler(func() (*agent.Status, error) { return s, err }, build)
	if before := ask(handler, "").Body.String(); !strings.Contains(before, "\nmnw_agent_run_in_progress 1\n") {
		t.Error(before)
	}
	s.InProgress = false
	if after := ask(handler, "").Body.String(); !strings.Contains(after, "\nmnw_agent_run_in_progress 0\n") {
		t.Error(after)
	}
	err = fmt.Errorf("state directory: broken")
	if answer := ask(handler, ""); answer.Code != http.StatusInternalServerError || answer.Body.String() != "state directory: broken\n" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func ask(handler http.Handler, accept string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", accept)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

// A result is one of those that are told, and just one of them is 1. A run that was
// locked out has none: the last run is the other one.
func TestOneResult(t *testing.T) {
	t.Parallel()
	labels := map[string]bool{}
	for _, result := range results(t) {
		if result == agent.Locked {
			continue
		}
		families := parse(t, textfile(t, &agent.Status{Runs: []agent.RunStatus{{Mode: agent.ModePlan, Result: result}}}))
		sum := 0.0
		for _, m := range families["mnw_agent_last_run_result"].Metric {
			sum += m.Gauge.GetValue()
			labels[m.Label[1].GetValue()] = true
		}
		if sum != 1 {
			t.Errorf("after a run with result %s, %v series of last_run_result are 1", result, sum)
		}
	}
	want := []string{"changed", "converged", "drifted", "failed", "rollback_failed", "rolled_back"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(labels))); diff != "" {
		t.Error(diff)
	}
}

// The number of series is what the package comment says.
func TestCardinality(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 10, 1000} {
		s := full()
		s.Resources, s.Units, s.Checks, s.Manifests = nil, nil, nil, nil
		for i := range n {
			name := fmt.Sprint(i)
			s.Resources = append(s.Resources, agent.ResourceStatus{Type: "file", Name: name, State: agent.StateDrifted, Drifted: true, Since: pointer(at(1))})
			s.Units = append(s.Units, agent.UnitStatus{Unit: name})
			s.Checks = append(s.Checks, agent.CheckStatus{Check: name})
			s.Manifests = append(s.Manifests, agent.ManifestStatus{Path: name})
		}
		for i := range s.Runs {
			s.Runs[i].Success = pointer(at(1))
		}
		got, err := testutil.GatherAndCount(metrics.Registry(s, build))
		if want := 180 + n*(1+2+5+1); err != nil || got != want {
			t.Errorf("%d of each: %d series, want %d (%v)", n, got, want, err)
		}
	}
}
