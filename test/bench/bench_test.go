// Package bench measures the agent against yardsticks. One machine is slower
// than the next, and the same machine slower than a minute ago: so what counts
// is the ratio of the medians of two things that were measured in turns. `make
// bench` runs it.
package bench

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// times is how long the runs of one thing took.
type times []time.Duration

func (t times) median() time.Duration { return slices.Sorted(slices.Values(t))[len(t)/2] }

// A series is the runs of one program, from start to exit.
type series struct {
	times
	peak float64 // what it had in memory at most, in MiB
}

// parseTurns takes what turns printed of so many programs.
func parseTurns(tb testing.TB, text string, programs int) []series {
	tb.Helper()
	all := make([]series, programs)
	lines := bufio.NewScanner(strings.NewReader(text))
	for i := 0; lines.Scan(); i++ {
		var took time.Duration
		var kib float64
		if _, err := fmt.Sscan(lines.Text(), &took, &kib); err != nil {
			tb.Fatalf("turns: %q: %v", text, err)
		}
		one := &all[i%programs]
		one.times = append(one.times, took)
		one.peak = max(one.peak, kib/1024)
	}
	return all
}

// report reports how many times as long as a yardstick something takes.
func report(b *testing.B, name string, t, yardstick times, yard string) {
	b.ReportMetric(milliseconds(t.median()), name+"-ms")
	b.ReportMetric(float64(t.median())/float64(yardstick.median()), name+"/"+yard)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// build makes the static program of a directory of this module, and returns
// its path.
func build(tb testing.TB, dir string) string {
	tb.Helper()
	output := filepath.Join(tb.TempDir(), filepath.Base(dir))
	command := exec.Command("go", "build", "-trimpath", "-o", output, "github.com/makenotwork/mnw-agent/"+dir)
	command.Env = append(command.Environ(), "CGO_ENABLED=0")
	if text, err := command.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", command, err, text)
	}
	return output
}

var _ = strconv.Itoa
