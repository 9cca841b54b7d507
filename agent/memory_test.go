package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
)

// A clock that was wrong is no reason to count a correction for years, or to know of
// drift only since a time that is to come.
func TestClockThatWasWrong(t *testing.T) {
	now := time.Now()
	limit := manifests.Fighting{Corrections: 3, Within: resources.Duration(time.Hour)}
	got := recent([]time.Time{now.Add(-2 * time.Hour), now.Add(-time.Minute), now.Add(time.Minute), now.Add(8760 * time.Hour)}, limit)
	if len(got) != 2 {
		t.Errorf("what counts is %v", got)
	}
	ahead := now.Add(time.Hour)
	one := &thing{State: StateFailed, Since: &ahead}
	if one.becomes(StateFailed, now); one.Since.After(now) {
		t.Errorf("it has failed since %s", one.Since)
	}
}

// Whatever the documents hold, a status can be told and a run remembered; the next
// ones are whole again.
func FuzzMemory(f *testing.F) {
	f.Add([]byte(`{"version":1,"manifests":{"/m":null},"runs":null}`), []byte(`{"file:/a":null}`))
	f.Add([]byte(`null`), []byte(`null`))
	f.Add([]byte(``), []byte(`[]`))
	f.Add([]byte(`{"version":1,"manifests":{"/m":{"settled":true}},"runs":{"apply":{}},"checks":{},"counters":{"runs":{"apply":null},"changes":{},"rollbacks":{}}}`),
		[]byte(`{"":{"state":"x","stale":["?"]},"run:":{"manifest":"/m"},"file:/a":{"declared":"1","corrected":["2026-01-01T00:00:00Z"]}}`))
	f.Fuzz(func(t *testing.T, small, things []byte) {
		dir := t.TempDir()
		o := Options{StateDir: dir}
		for name, text := range map[string][]byte{memoryFile: small, thingsFile: things} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := StatusOf(o); err != nil {
			t.Fatal(err)
		}
		report := &Report{Mode: ModeApply, Manifest: "/m", Started: time.Now(), Result: Failed, Checks: []CheckReport{{Check: "c"}}}
		remember := func() {
			if err := o.update(nil, func(m *memory) error {
				_, err := m.all()
				m.ended(report, time.Now())
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		remember()
		before, err := StatusOf(o)
		if err != nil || len(before.Notes) > 0 {
			t.Fatalf("%v %q", err, before.Notes)
		}
		remember()
		after, err := StatusOf(o)
		if err != nil || after.Counters.Runs[ModeApply][Failed] != before.Counters.Runs[ModeApply][Failed]+1 {
			t.Errorf("%v: %v after %v", err, after.Counters, before.Counters)
		}
	})
}
