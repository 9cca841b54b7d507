package agent

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Who looks again and again whether a run is under way, as Prometheus does, keeps none
// from beginning.
func TestLockedHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var looking sync.WaitGroup
	enough := make(chan struct{})
	looking.Go(func() {
		for {
			select {
			case <-enough:
				return
			case <-time.After(50 * time.Microsecond):
				locked(dir)
			}
		}
	})
	for range 3000 {
		release, err := lock(context.Background(), dir, 0)
		if err != nil {
			t.Error(err)
			break
		}
		release()
	}
	close(enough)
	looking.Wait()
}
