package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// Killed wherever it may be, in the middle of a change too, a run leaves what
// the next one can go on from.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.WriteFile(manifestPath, "version: 1\n"+fresh, 0o600)
	const calls = "linkat,renameat,mkdirat,symlinkat,unlinkat,fchmod,fchown,fchownat,fsync,utimensat,clone,clone3,execve"
	kills := 0
	for n := 2; n < 200; n += 1 + n/4 {
		// The call before which it dies is counted in each thread by itself.
		killed := m.Run("strace", "--follow-forks", "--output=/dev/null", "--trace="+calls,
			fmt.Sprintf("--inject=%s:signal=KILL:when=%d", calls, n), "--", boot.AgentPath, "apply", manifestPath)
		if killed.Code == 128+9 {
			kills++
		}
	}
	if kills < 5 {
		t.Errorf("it was killed %d times only", kills)
	}
	if result := m.Agent("apply", manifestPath); result.Code != 0 {
		t.Fatalf("after %d runs that were killed: %s", kills, result)
	}
	if again := m.Agent("apply", manifestPath); again.Code != 0 || !strings.Contains(again.Stdout, "all as declared") {
		t.Errorf("applied again: %s", again)
	}
	freshWorks(m)

	// Places for previews that were left are swept away by the next run that
	// makes one, when they are not new.
	m.MustSh("touch --date='-5 minutes' " + stateDir + "/*; rm /etc/sudoers.d/fresh")
	if result := m.Agent("apply", manifestPath); result.Code != 0 {
		t.Error(result)
	}
	if left := m.MustSh("ls -A " + stateDir); left != "journal\nlock\nmemory.json\nmemory.lock\nreport.json\nresources.json" {
		t.Errorf("left in the state directory: %s", left)
	}
	if mounts := m.MustSh("findmnt --noheadings --output=SOURCE | grep mnw-agent || :"); mounts != "" {
		t.Errorf("left mounted: %s", mounts)
	}
}
