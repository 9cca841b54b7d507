package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkFilesGrowth is what a file costs among 1,000 and among 10,000, at the
// first apply and when all is as declared. Growth is the one over the other: 1
// when the time is linear.
func BenchmarkFilesGrowth(b *testing.B) {
	const rounds = 5
	sizes := [2]int{1_000, 10_000}
	agent, turns := agentFor(b), build(b, "test/bench/turns")
	for b.Loop() {
		var first, noop [2]times
		for range rounds {
			for i, n := range sizes {
				f := newFiles(b, agent, n)
				runs := here(b).inTurns(b, turns, 1+rounds, f.argv())[0].times
				first[i] = append(first[i], runs[0]/time.Duration(n))
				for _, again := range runs[1:] {
					noop[i] = append(noop[i], again/time.Duration(n))
				}
			}
		}
		for name, t := range map[string][2]times{"first": first, "noop": noop} {
			small, large := t[0].median(), t[1].median()
			b.ReportMetric(1000*milliseconds(small), name+"-1000-us/file")
			b.ReportMetric(1000*milliseconds(large), name+"-10000-us/file")
			b.ReportMetric(float64(large)/float64(small), name+"-growth")
		}
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkFilesNoOp is an apply of 10,000 files that are as declared, against a
// loop that only compares them: the run by itself, and the whole process with
// its start and the decoding of the manifest.
func BenchmarkFilesNoOp(b *testing.B) {
	const rounds = 15
	agent, turns := agentFor(b), build(b, "test/bench/turns")
	f := newFiles(b, agent, 10_000)
	f.run(b)
	for b.Loop() {
		var loop, run, whole times
		var peak float64
		for range rounds {
			loop = append(loop, f.loop(b))
			run = append(run, f.run(b))
			process := here(b).inTurns(b, turns, 1, f.argv())[0]
			whole = append(whole, process.times...)
			peak = max(peak, process.peak)
		}
		b.ReportMetric(milliseconds(loop.median()), "loop-ms")
		run.report(b, "run", loop, "loop")
		whole.report(b, "whole", loop, "loop")
		b.ReportMetric(peak, "peak-MiB")
		b.ReportMetric(0, "ns/op")
	}
}

// files is a manifest of n files of 1 KiB, all with the one source beside it.
type files struct {
	n               int
	agent, state    string
	manifest, place string
}

var kibibyte = bytes.Repeat([]byte("one of the 32 lines of a source\n"), 32)

func newFiles(b *testing.B, agent string, n int) *files {
	b.Helper()
	dir := b.TempDir()
	f := &files{n: n, agent: agent, state: filepath.Join(dir, "state"),
		manifest: filepath.Join(dir, "manifest.yaml"), place: filepath.Join(dir, "files")}
	text := []byte("version: 1\nfiles:\n")
	for i := range n {
		text = fmt.Appendf(text, "  %s: {source: kibibyte, owner: root, group: root, mode: 0644}\n", f.path(i))
	}
	if err := os.Mkdir(f.place, 0o755); err != nil {
		b.Fatal(err)
	}
	for name, content := range map[string][]byte{f.manifest: text, filepath.Join(dir, "kibibyte"): kibibyte} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

// agentFor builds the agent, or skips the benchmark: apply needs root.
func agentFor(b *testing.B) string {
	b.Helper()
	if os.Geteuid() != 0 {
		b.Skip("apply needs root")
	}
	return build(b, "agent/mnw-agent")
}

func (f *files) path(i int) string { return filepath.Join(f.place, strconv.Itoa(i)) }

func (f *files) argv(more ...string) []string {
	return slices.Concat([]string{f.agent, "apply", "--state-dir", f.state}, more, []string{f.manifest})
}

// run applies the manifest and returns how long the report says that it took:
// without the start of the program and the decoding.
func (f *files) run(b *testing.B) time.Duration {
	b.Helper()
	var report struct {
		Seconds   float64           `json:"seconds"`
		Resources []json.RawMessage `json:"resources"`
	}
	text := here(b)(f.argv("--json")...)
	if err := json.Unmarshal([]byte(text), &report); err != nil || len(report.Resources) != f.n {
		b.Fatalf("a report of %d resources: %v", len(report.Resources), err)
	}
	return time.Duration(report.Seconds * float64(time.Second))
}

// loop is the yardstick: it looks at the files, reads them and compares them, on
// all processors.
func (f *files) loop(b *testing.B) time.Duration {
	b.Helper()
	paths := make([]string, f.n)
	for i := range paths {
		paths[i] = f.path(i)
	}
	began := time.Now()
	var group sync.WaitGroup
	var next, wrong atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < f.n; i = int(next.Add(1)) - 1 {
				_, err := os.Lstat(paths[i])
				content, readErr := os.ReadFile(paths[i])
				if err != nil || readErr != nil || !bytes.Equal(content, kibibyte) {
					wrong.Add(1)
				}
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	if wrong.Load() > 0 {
		b.Fatalf("%d files are not as declared", wrong.Load())
	}
	return took
}
