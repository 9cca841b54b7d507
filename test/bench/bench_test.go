// Package bench measures the agent against yardsticks. One machine is faster
// than the next, and the same machine faster than a minute ago, so what counts is
// the ratio of the medians of two things that were measured in turns. `make
// bench` runs it.
package bench

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// times is how long each run of something took.
type times []time.Duration

func (t times) median() time.Duration { return slices.Sorted(slices.Values(t))[len(t)/2] }

// report reports the median time of something, and how many times that of its
// yardstick it is.
func (t times) report(b *testing.B, name string, yardstick times, yard string) {
	b.ReportMetric(milliseconds(t.median()), name+"-ms")
	b.ReportMetric(float64(t.median())/float64(yardstick.median()), name+"/"+yard)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// A stage is where programs run: it runs one that has to succeed, and returns
// what that prints.
type stage func(argv ...string) string

// here runs programs on this machine.
func here(b *testing.B) stage {
	return func(argv ...string) string {
		b.Helper()
		text, err := exec.Command(argv[0], argv[1:]...).Output()
		if err != nil {
			b.Fatalf("%s: %v", strings.Join(argv, " "), err)
		}
		return string(text)
	}
}

// A series is the runs of one program, from start to exit.
type series struct {
	times
	peak float64 // the most memory that one of them had, in MiB
}

// inTurns runs programs in turns, by test/bench/turns, which stands on the stage
// at a path.
func (s stage) inTurns(b *testing.B, turns string, rounds int, programs ...[]string) []series {
	b.Helper()
	argv := []string{turns, strconv.Itoa(rounds)}
	for i, program := range programs {
		if i > 0 {
			argv = append(argv, "--")
		}
		argv = append(argv, program...)
	}
	all := make([]series, len(programs))
	for i, line := range strings.Split(strings.TrimSpace(s(argv...)), "\n") {
		var took time.Duration
		var kib float64
		if _, err := fmt.Sscan(line, &took, &kib); err != nil {
			b.Fatalf("turns: %q: %v", line, err)
		}
		one := &all[i%len(all)]
		one.times = append(one.times, took)
		one.peak = max(one.peak, kib/1024)
	}
	return all
}

// build makes the static program of a directory of this module, and returns its
// path.
func build(b *testing.B, dir string) string {
	b.Helper()
	output := filepath.Join(b.TempDir(), filepath.Base(dir))
	command := exec.Command("go", "build", "-trimpath", "-o", output, "github.com/makenotwork/mnw-agent/"+dir)
	command.Env = append(command.Environ(), "CGO_ENABLED=0")
	if text, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", command, err, text)
	}
	return output
}
