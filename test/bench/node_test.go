package bench

import (
	"path/filepath"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// BenchmarkNodeNoOp is an apply of examples/mnw on a node that is as declared,
// what systemd is asked included, against the start and exit of an empty program.
func BenchmarkNodeNoOp(b *testing.B) {
	const rounds = 100
	const manifest = "/root/mnw/manifest.yaml"
	m := boot.Node(b)
	m.Server()
	m.Release("0.9.5")
	m.Put("../../examples/mnw", filepath.Dir(manifest))
	if first := m.Agent("apply", manifest); first.Code != 0 {
		b.Fatal(first)
	}
	for _, dir := range []string{"test/bench/turns", "test/bench/nothing"} {
		m.Put(filepath.Dir(build(b, dir)), "/root/bench")
	}
	for b.Loop() {
		all := stage(m.Must).inTurns(b, "/root/bench/turns", rounds,
			[]string{"/root/bench/nothing"}, []string{boot.AgentPath, "apply", manifest})
		nothing, apply := all[0], all[1]
		b.ReportMetric(milliseconds(nothing.median()), "nothing-ms")
		apply.report(b, "apply", nothing.times, "nothing")
		b.ReportMetric(apply.peak, "peak-MiB")
		b.ReportMetric(0, "ns/op")
	}
}
