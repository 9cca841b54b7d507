package agent

import (
	"os"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	r := &run{maker: maker{options: Options{StateDir: t.TempDir()}}}
	dir, remove, err := r.scratch()
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.MkdirTemp(r.options.StateDir, scratchName)
	if err != nil {
		t.Fatal(err)
	}
	there := func(dir string) bool {
		_, err := os.Stat(dir)
		return err == nil
	}
	sweep(r.options.StateDir, time.Now().Add(-time.Minute))
	if !there(left) {
		t.Error("a directory that is being made was swept away")
	}
	sweep(r.options.StateDir, time.Now().Add(time.Minute))
	if there(left) {
		t.Error("what a killed run left is still there")
	}
	if !there(dir) {
		t.Error("the directory of a run that lives was swept away")
	}
	remove()
	if there(dir) {
		t.Error("a run's own directory stays behind")
	}
}
