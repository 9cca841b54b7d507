package serve

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

// A served is a loop over a sandbox, and the runs that it has told.
type served struct {
	t        *testing.T
	dir      string
	reload   chan os.Signal
	runs     chan Run
	stop     context.CancelFunc
	returned chan error
}

func serveSandbox(t *testing.T, manifest string, interval time.Duration) *served {
	t.Helper()
	s := &served{t: t, dir: t.TempDir(), reload: make(chan os.Signal, 1), runs: make(chan Run, 100), returned: make(chan error, 1)}
	if err := os.Mkdir(filepath.Join(s.dir, "root"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.write("manifest.yaml", manifest)
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	at := filepath.Join(s.dir, "manifest.yaml")
	o := Options{
		Manifest: at, Interval: interval, Reload: s.reload,
		Load: func(reads func(string)) (*manifests.Manifest, error) {
			return manifests.Load(at, manifests.Options{Reads: reads})
		},
		Agent: agent.Options{Root: filepath.Join(s.dir, "root"), Timeout: time.Minute},
		Begin: func() {},
		Tell:  func(r Run) string { s.runs <- r; return "" },
		Warn:  func(err error) { t.Error(err) },
	}
	go func() { s.returned <- Serve(ctx, o) }()
	return s
}

func (s *served) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// next is the next run; its result, or what kept it from beginning.
func (s *served) next() string {
	s.t.Helper()
	r := <-s.runs
	switch {
	case r.Report == nil && r.Forgotten != nil:
		s.t.Error(r.Forgotten)
		fallthrough
	case r.Report == nil:
		return r.Err.Error()
	case r.Err != nil:
		s.t.Error(r.Err)
	}
	return string(r.Report.Result)
}

func (s *served) wants(what, want string) {
	s.t.Helper()
	if got := s.next(); !strings.Contains(got, want) {
		s.t.Fatalf("%s: %s, want %s", what, got, want)
	}
}

// With an hour between runs, a run is made for every reason but the clock. What was
// good before is not applied in the place of what is wrong now.
func TestReasonsForARun(t *testing.T) {
	t.Parallel()
	const good = "version: 1\nfiles: {/motd: {source: motd}}\n"
	s := serveSandbox(t, good, time.Hour)
	s.wants("a source that is missing", "motd: no such file")
	s.write("motd", "hello\n")
	s.wants("it is there", "changed")
	s.reload <- os.Interrupt
	s.wants("asked for", "converged")
	s.write("motd", "other\n")
	s.wants("the source has changed", "changed")

	motd := filepath.Join("root", "motd")
	s.write(motd, "drifted\n")
	s.write("manifest.yaml", "version: 1\nfile: {}\n")
	s.wants("a manifest that is wrong", `unknown section "file"`)
	s.reload <- os.Interrupt
	s.wants("it still is", `unknown section "file"`)
	if text, err := os.ReadFile(filepath.Join(s.dir, motd)); err != nil || string(text) != "drifted\n" {
		t.Errorf("the last good manifest was applied: %q, %v", text, err)
	}
	s.write("manifest.yaml", good)
	s.wants("it is mended", "changed")

	s.stop()
	if err := <-s.returned; err != nil || len(s.runs) > 0 {
		t.Errorf("stopped: %v, and %d more runs", err, len(s.runs))
	}
}

// The clock is a reason, too.
func TestInterval(t *testing.T) {
	t.Parallel()
	s := serveSandbox(t, "version: 1\nfiles: {/motd: {content: hello}}\n", 50*time.Millisecond)
	s.wants("the first run", "changed")
	for range 3 {
		s.wants("the next one", "converged")
	}
	s.write("root/motd", "drifted\n")
	for s.next() != "changed" {
	}
	s.stop()
	if err := <-s.returned; err != nil {
		t.Error(err)
	}
}

// The next run comes an interval after the last one began, and up to a tenth of it
// later; after one that took longer, only the tenth is left.
func TestPause(t *testing.T) {
	t.Parallel()
	const interval = 10 * time.Minute
	for took, least := range map[time.Duration]time.Duration{
		0: interval, time.Minute: 9 * time.Minute, interval: 0, time.Hour: 0,
	} {
		seen := map[time.Duration]bool{}
		for range 1000 {
			got := pause(interval, took)
			if got < least || got > least+time.Minute {
				t.Fatalf("after %s: %s", took, got)
			}
			seen[got] = true
		}
		if len(seen) < 900 {
			t.Errorf("after %s: only %d different pauses in 1000", took, len(seen))
		}
	}
}
