package cli

import (
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
)

// What a person is shown a sign for stands in systemd's journal, too, but for what is as
// declared.
func TestEveryOutcomeIsJournalled(t *testing.T) {
	t.Parallel()
	for outcome := range signs {
		if _, worth := priorities[outcome]; !worth && outcome != agent.OutcomeOK {
			t.Errorf("%s has no priority", outcome)
		}
	}
}
