package service

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

var directive = regexp.MustCompile(`^[A-Z][A-Za-z]+=`)

// Every directive has its reason above it, but for what a unit is called and what
// starts it.
func TestEveryDirectiveHasItsReason(t *testing.T) {
	for _, serve := range []bool{false, true} {
		for _, every := range []time.Duration{5 * time.Minute, 7 * time.Minute} {
			units, err := Service{Name: "mnw-agent", Argv: []string{"/bin/true"}, Serve: serve, Every: every, Jitter: time.Second}.units()
			if err != nil {
				t.Fatal(err)
			}
			for name, unit := range units {
				lines := strings.Split(*unit.Content, "\n")
				for i, line := range lines {
					plain := strings.HasPrefix(line, "Description=") || strings.HasPrefix(line, "Documentation=") || strings.HasPrefix(line, "WantedBy=")
					if directive.MatchString(line) && !plain && !strings.HasPrefix(lines[i-1], "# ") {
						t.Errorf("%s: %s has no reason above it", name, line)
					}
				}
			}
		}
	}
}

// No name of a service is that of a unit of somebody else, or of another flavour.
func TestCheckName(t *testing.T) {
	for name, right := range map[string]bool{
		"mnw-agent": true, "mnw-agent-web": true, "mnw-agent-a.b_C-9": true,
		"": false, "caddy": false, "mnw-agent-": false, "mnw-agent-serve": false, "mnw-agent-web-serve": false,
		"mnw-agent-a b": false, "mnw-agent-%i": false, "mnw-agent-../x": false, "mnw-agent@x": false, "mnw-agentx": false,
	} {
		if err := CheckName(name); (err == nil) != right {
			t.Errorf("%q: %v", name, err)
		}
	}
}
