package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// BenchmarkMnwNoOp is an apply of examples/mnw on a node that matches it, units
// over D-Bus included, against the start and exit of an empty program there.
func BenchmarkMnwNoOp(b *testing.B) {
	const rounds = 60
	m := boot.Node(b)
	m.Server()
	m.Release("0.9.5")
	m.Put("../../examples/mnw", "/root/mnw")
	const manifest = "/root/mnw/manifest.yaml"
	if first := m.Agent("apply", manifest); first.Code != 0 {
		b.Fatal(first)
	}
	for _, dir := range []string{"test/bench/turns", "test/bench/nothing"} {
		m.Put(filepath.Dir(build(b, dir)), "/root/bench")
	}
	if dir := os.Getenv("HOLD"); dir != "" {
		os.WriteFile(dir, []byte(m.Name), 0o644)
		for {
			time.Sleep(time.Second)
			if _, err := os.Stat(dir); err != nil {
				break
			}
		}
	}
	for b.Loop() {
		text := m.Must("/root/bench/turns", strconv.Itoa(rounds), "/root/bench/nothing", "--", boot.AgentPath, "apply", manifest)
		all := parseTurns(b, text, 2)
		empty, apply := all[0], all[1]
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(milliseconds(empty.median()), "empty-ms")
		report(b, "apply", apply.times, empty.times, "empty")
		b.ReportMetric(apply.peak, "apply-MiB")
	}
}
