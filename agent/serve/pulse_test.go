package serve

import (
	"strings"
	"testing"
	"time"
)

// The loop is alive while a run is within its limit, while one that is told to stop
// still makes changes, and while the next one is not overdue.
func TestPulse(t *testing.T) {
	t.Parallel()
	start := time.Now()
	const limit = 10 * time.Minute
	for _, c := range []struct {
		what  string
		when  time.Duration // it is asked
		says  string
		after func(*pulse)
	}{
		{"the run begins", 0, "", nil},
		{"its limit is over", limit, "", nil},
		{"and the time of grace", limit + grace, "", nil},
		{"and more", limit + grace + 1, "a run hangs", nil},
		{"a change was made in between", limit + grace + 1, "", func(p *pulse) { p.move(start.Add(limit + 1)) }},
		{"the last change is long ago", limit + 2*grace, "a run hangs", func(p *pulse) { p.move(start.Add(limit + 1)) }},
		{"a change early on gives no time", limit + grace + 1, "a run hangs", func(p *pulse) { p.move(start.Add(1)) }},
		{"it is told to stop", grace, "", func(p *pulse) { p.stop(start) }},
		{"it does not stop", grace + 1, "a run hangs", func(p *pulse) { p.stop(start) }},
		{"it is told so after its limit", limit + grace + 1, "a run hangs", func(p *pulse) { p.stop(start.Add(limit + grace)) }},
		{"it has ended", time.Hour, "", func(p *pulse) { p.end(start.Add(time.Hour)) }},
		{"the next one is late", time.Hour + lag, "", func(p *pulse) { p.end(start.Add(time.Hour)) }},
		{"and does not come", time.Hour + lag + 1, "no run begins", func(p *pulse) { p.end(start.Add(time.Hour)) }},
		{"and comes", time.Hour + lag + 1, "", func(p *pulse) { p.end(start.Add(time.Hour)); p.begin(start.Add(time.Hour)) }},
	} {
		p := &pulse{limit: limit}
		p.begin(start)
		if c.after != nil {
			c.after(p)
		}
		err := p.hangs(start.Add(c.when))
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", c.what, err, c.says)
		}
	}
}
