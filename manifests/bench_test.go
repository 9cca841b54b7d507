package manifests

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// manyFiles is a manifest of n files with three fields each.
func manyFiles(n int) []byte {
	var text bytes.Buffer
	text.WriteString("version: 1\nfiles:\n")
	for i := range n {
		fmt.Fprintf(&text, "  /srv/files/%05d:\n    owner: root\n    mode: 0644\n    content: hello\n", i)
	}
	return text.Bytes()
}

// BenchmarkLoad10000 is what a manifest of 10,000 resources costs, and how much
// of its processor time is not that of the YAML parser on the same text.
func BenchmarkLoad10000(b *testing.B) {
	text := manyFiles(10_000)
	var ours, parser time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := processorTime()
		if _, err := Parse("m.yaml", text, Options{Types: things}); err != nil {
			b.Fatal(err)
		}
		ours += processorTime() - start

		b.StopTimer()
		start = processorTime()
		var n yaml.Node
		if err := yaml.Unmarshal(text, &n); err != nil {
			b.Fatal(err)
		}
		parser += processorTime() - start
		b.StartTimer()
	}
	b.ReportMetric(float64((ours-parser).Microseconds())/float64(b.N)/1000, "ms-over-yaml/op")
	b.ReportMetric(float64(ours)/float64(parser), "times-yaml")
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
