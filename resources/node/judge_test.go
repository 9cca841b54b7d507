package node

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEqualJudgesRunOnce(t *testing.T) {
	verify := []string{"systemd-analyze", "verify"}
	runs := merge([]Judge{
		{Argv: verify, Named: []string{"web.service"}, Limit: time.Second, Reads: []string{"/etc/a"}},
		{Argv: []string{"visudo", "-c"}, Limit: time.Second},
		{Argv: verify, Named: []string{"git.socket", "web.service"}, Limit: time.Minute, Reads: []string{"/etc/b"}},
		{Argv: verify, Named: []string{"web.service"}, User: "git"},
		{Argv: []string{"visudo", "-c"}, Limit: time.Second},
		{Argv: []string{"visudo", "-c"}, Env: []string{"A=b"}},
	})
	var asked [][]int
	for _, run := range runs {
		asked = append(asked, run.Asked)
	}
	want := [][]int{{0, 2}, {1, 4}, {3}, {5}}
	if !slices.EqualFunc(asked, want, slices.Equal) {
		t.Fatalf("runs answer %v, want %v", asked, want)
	}
	first := runs[0].Judge
	if !slices.Equal(first.Named, []string{"git.socket", "web.service"}) {
		t.Errorf("named together: %q", first.Named)
	}
	if !slices.Equal(first.Reads, []string{"/etc/a", "/etc/b"}) || first.Limit != time.Minute {
		t.Errorf("read together: %q within %s", first.Reads, first.Limit)
	}
}

// What visudo, systemd-analyze and caddy really say.
const (
	foreignSyntax = "/etc/sudoers.d/aaa:1:12: syntax error\nbogus line here\n           ^~~~"
	ourSyntax     = "/etc/sudoers.d/ours:1:20: syntax error\nwww-data ALL=(root NOPASSWD: /bin/true\n                   ^~~~~~~~~"
	foreignKey    = "/etc/systemd/system/ssh.service.d/foreign.conf:2: Unknown key 'Bogus' in section [Service], ignoring."
	ourKey        = "/etc/systemd/system/ssh.service.d/ours.conf:2: Unknown key 'Bogus' in section [Service], ignoring."
	caddyLine3    = "Error: adapting config using caddyfile: /etc/caddy/Caddyfile:3: unrecognized directive: foo"
	caddyLine12   = "Error: adapting config using caddyfile: /etc/caddy/Caddyfile:12: unrecognized directive: foo"
	caddyOther    = "Error: adapting config using caddyfile: /etc/caddy/Caddyfile:3: unrecognized directive: bar"
	sshdLine3     = "/etc/ssh/sshd_config line 3: Bad yes/no argument: maybe"
	sshdLine5     = "/etc/ssh/sshd_config line 5: Bad yes/no argument: maybe"
)

func TestComplaints(t *testing.T) {
	for _, test := range []struct {
		name, before, after string // "" agrees
		want                []string
	}{
		{"both agree", "", "", nil},
		{"a fault mended", foreignSyntax, "", nil},
		{"our fault", "", ourSyntax, strings.Split(ourSyntax, "\n")},
		{"a foreign fault", foreignSyntax, foreignSyntax, nil},
		{"our fault beside a foreign one", foreignSyntax, foreignSyntax + "\n" + ourSyntax, strings.Split(ourSyntax, "\n")},
		{"the same words about another file", foreignKey, foreignKey + "\n" + ourKey, []string{ourKey}},
		{"the same words twice", foreignKey, foreignKey + "\n" + foreignKey, []string{foreignKey}},
		{"a foreign fault, moved", caddyLine3, caddyLine12, nil},
		{"a foreign fault, moved, as sshd says it", sshdLine3, sshdLine5, nil},
		{"another fault in the same line", caddyLine3, caddyOther, []string{caddyOther}},
		{"no words but the status", "visudo: exit status 1", "visudo: exit status 1", nil},
	} {
		before := Verdict{Refused: test.before != "", Words: test.before}
		after := Verdict{Refused: test.after != "", Words: test.after}
		if got := Complaints(before, after); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestOurOwnFaultIsNeverForeign(t *testing.T) {
	for _, own := range []string{"/etc/sudoers.d/ours:", ""} {
		verdict := Verdict{Judge: Judge{Own: []string{own}}, Refused: true, Words: ourSyntax}
		if got := Complaints(verdict, verdict); len(got) == 0 {
			t.Errorf("own %q: passed over, since it was wrong before", own)
		}
	}
	verdict := Verdict{Judge: Judge{Own: []string{"/etc/sudoers.d/ours:"}}, Refused: true, Words: foreignSyntax}
	if got := Complaints(verdict, verdict); len(got) != 0 {
		t.Errorf("a foreign fault: %q", got)
	}
}

func TestAWarningIsNotHeldAgainstARefusal(t *testing.T) {
	before := Verdict{Words: foreignKey}
	after := Verdict{Refused: true, Words: foreignKey}
	if got := Complaints(before, after); len(got) != 1 {
		t.Errorf("a refusal of what was merely remarked upon: %q", got)
	}
}

func TestAMissingJudgeIsNeverForeign(t *testing.T) {
	missing := Verdict{Refused: true, Missing: true, Words: "there is no program caddy on this node"}
	if len(Complaints(missing, missing)) == 0 {
		t.Error("a judge that was missing before is passed over")
	}
}

func TestRemarks(t *testing.T) {
	said := "/etc/sudoers: parsed OK\n/etc/sudoers.d/ours: bad permissions, should be mode 0440\n/etc/sudoers.d/README: parsed OK\n"
	if got := remarks(said, []string{"parsed OK"}); got != "/etc/sudoers.d/ours: bad permissions, should be mode 0440" {
		t.Errorf("got %q", got)
	}
}
