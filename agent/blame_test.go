package agent

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

func TestBlame(t *testing.T) {
	a, b := &step{}, &step{}
	askers := []hearing{{a, node.Judge{Named: []string{"a.service"}}}, {b, node.Judge{Named: []string{"b.service"}}}}
	for _, c := range []struct{ complaints, a, b string }{
		{"a.service: no", "a.service: no", ""},
		{"a.service: no\n  ^~~\nb.service: nor", "a.service: no\n  ^~~", "b.service: nor"},
		{"/etc/systemd/system/b.service.d/x.conf:2: no", "", "/etc/systemd/system/b.service.d/x.conf:2: no"},
		{"hear:\nb.service: no", "", "hear:\nb.service: no"},
		{"ba.service: no", "ba.service: no", "ba.service: no"},
	} {
		shares := blame(strings.Split(c.complaints, "\n"), askers)
		if got := strings.Join(shares[a], "\n"); got != c.a {
			t.Errorf("%q: a gets %q, want %q", c.complaints, got, c.a)
		}
		if got := strings.Join(shares[b], "\n"); got != c.b {
			t.Errorf("%q: b gets %q, want %q", c.complaints, got, c.b)
		}
	}
}

func TestMentions(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       bool
	}{
		{"/etc/sudoers.d/dup:1:24: syntax error", "/etc/sudoers.d/dup", true},
		{"/etc/sudoers.d/dup2:1:24: syntax error", "/etc/sudoers.d/dup", false},
		{"/etc/sudoers.d/dup2:1:24, /etc/sudoers.d/dup:3", "/etc/sudoers.d/dup", true},
		{"/etc/systemd/system/a.service.d/x.conf:2: unknown key", "a.service", true},
		{"ba.service: not executable", "a.service", false},
		{"", "a.service", false},
		{"a", "", false},
	} {
		if got := mentions(c.text, c.name); got != c.want {
			t.Errorf("%q in %q: %v", c.name, c.text, got)
		}
	}
}
