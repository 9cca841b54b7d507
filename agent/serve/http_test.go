package serve

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// What can be asked for, and how.
func TestAnswers(t *testing.T) {
	t.Parallel()
	p := &pulse{limit: time.Hour}
	o := Options{
		Status:  func() (*agent.Status, error) { return &agent.Status{}, nil },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") }),
	}
	h := handler(o, p)
	p.begin(time.Now())
	for _, c := range []struct {
		method, path string
		status       int
		kind, holds  string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "No run has come to an end here yet."},
		{"HEAD", "/", 200, "text/html; charset=utf-8", ""},
		{"POST", "/", 405, "", ""},
		{"GET", "/healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		{"PUT", "/healthz", 405, "", ""},
		{"GET", "/metrics", 200, "", "metrics"},
		{"DELETE", "/metrics", 405, "", ""},
		{"GET", "/nosuch", 404, "", ""},
		{"GET", "/debug/pprof/", 404, "", ""},
		{"GET", "/healthz/", 404, "", ""},
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(c.method, c.path, nil))
		if got := answer.Header().Get("Content-Type"); answer.Code != c.status || c.kind != "" && got != c.kind || !strings.Contains(answer.Body.String(), c.holds) {
			t.Errorf("%s %s: %d, %s\n%s", c.method, c.path, answer.Code, got, answer.Body)
		}
		if answer.Header().Get("Cache-Control") != "no-store" || answer.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s %s: %v", c.method, c.path, answer.Header())
		}
	}
	p.end(time.Now().Add(-time.Hour))
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", "/healthz", nil))
	if answer.Code != 503 || !strings.HasPrefix(answer.Body.String(), "no run begins: one was due at ") || strings.Count(answer.Body.String(), "\n") != 1 {
		t.Errorf("a loop that does not go on: %d %s", answer.Code, answer.Body)
	}
}

// The page shows all of a status, what is wrong first, and whatever stands in it is
// text.
func TestPage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&{{.}}` + "\x1b[31m"
	s := &agent.Status{
		InProgress: true,
		Manifests:  []agent.ManifestStatus{{Path: "/etc/" + hostile, Digest: "0123456789abcdef", Held: &agent.Hold{Run: 7, Since: *ago(time.Hour), Because: hostile}}},
		Runs:       []agent.RunStatus{{Mode: agent.ModeApply, Ended: *ago(90 * time.Second), Seconds: 1.2345, Result: agent.RolledBack, Error: hostile}},
		Resources: []agent.ResourceStatus{
			{ID: "file:/fine", State: agent.StateConverged, Corrected: []time.Time{*ago(5 * time.Hour)}},
			{ID: "file:/drifted", State: agent.StateDrifted, Since: ago(3 * time.Hour)},
			{ID: "file:/" + hostile, State: agent.StateFailed, Drifted: true, Why: hostile},
			{ID: "file:/left", State: agent.StateOrphaned},
		},
		Units:  []agent.UnitStatus{{Unit: "web.service", Stale: []node.Stale{node.StaleUnit, node.StaleReads}}, {Unit: "fresh.service"}},
		Checks: []agent.CheckStatus{{Check: "api", Error: hostile, Since: ago(100 * time.Hour)}, {Check: "web", Success: true, Asked: *ago(time.Second)}},
		Outage: &agent.LastOutage{Check: "api", Seconds: 0.25, At: *ago(time.Minute)},
		Notes:  []string{hostile},
	}
	var out bytes.Buffer
	if err := render(&out, s, now); err != nil {
		t.Fatal(err)
	}
	page := visible(out.String())
	for _, never := range []string{"<script", "<img", "onerror=alert(1)>", "fresh.service", "ZgotmplZ", "\x1b"} {
		if strings.Contains(page, never) {
			t.Errorf("it holds %s", never)
		}
	}
	said := regexp.MustCompile(`<[^>]*>|\s+`).ReplaceAllString(page, " ")
	said = regexp.MustCompile(` +`).ReplaceAllString(said, " ")
	from := 0
	for _, want := range []string{
		"mnw-agent: 1 failed, 1 drifted, 1 orphaned, 1 converged", "A run is under way.", "0123456789ab, resources: 0", "Held since run 7 was taken back",
		"file:/&#34;", "failed, drifted", "file:/drifted", "drifted since", "(3 h ago)", "file:/left", "orphaned",
		"api fails since", "(4 days ago)", "web.service unit, reads",
		"apply rolled back", "(90 s ago)", "took 1.235s", "None has ended well yet.", "api was failing for 250ms",
		"Checks that pass: 1", "web", "As declared: 1", "file:/fine converged", "corrected once of late",
	} {
		at := strings.Index(said[from:], want)
		if at < 0 {
			t.Fatalf("%q does not stand, in its turn, in\n%s", want, said)
		}
		from += at
	}
	if n := strings.Count(page, "&lt;script&gt;"); n != 7 {
		t.Errorf("the hostile text stands there %d times", n)
	}
}

// The browser is told to use just the style sheet that stands in the page.
func TestPolicy(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := render(&out, &agent.Status{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(out.String(), "<style>")
	sheet, _, _ := strings.Cut(rest, "</style>")
	if !strings.Contains(policy, "style-src 'sha256-"+digest(sheet)+"'") || len(sheet) < 100 {
		t.Errorf("%s, and the style sheet is %s", policy, digest(sheet))
	}
	if strings.Contains(out.String(), " style=") || strings.Contains(out.String(), "http") {
		t.Error("the page has a style elsewhere, or an address")
	}
}
