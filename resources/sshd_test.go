package resources

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// The expected values are those that sshd -T -C user=git of Debian 12 gives.
func TestSSHDSettings(t *testing.T) {
	for name, test := range map[string]struct {
		main, included string
		keyword        string
		want           string
	}{
		"first counts":             {main: "PubkeyAuthentication yes\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"any case, equals, quotes": {main: "pubkeyAUTHENTICATION = \"no\" # why\n", keyword: "pubkeyauthentication", want: "no"},
		"quotes within a word":     {main: "AllowUsers a\"b c\" 'd' e\\\\\n", keyword: "allowusers", want: `ab c d e\`},
		"a quote that stays open":  {main: "AllowUsers a\nAllowUsers \"b\n", keyword: "allowusers", want: "a"},
		"no comment in a word":     {main: "AllowUsers a#b # c\n", keyword: "allowusers", want: "a#b"},
		"criteria with blanks":     {main: "Match User = \"git\" # why\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "no"},
		"no quotes in criteria":    {main: "Match User 'git'\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"comment":                  {main: "#PubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"included first":           {main: "Include sshd_config.d/*.conf\nPubkeyAuthentication yes\n", included: "PubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "no"},
		"lists add up":             {main: "AllowUsers a b\nAllowUsers \"c\"\n", keyword: "allowusers", want: "a b c"},
		"a match wins":             {main: "PubkeyAuthentication yes\nMatch User git\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "no"},
		"the first match wins":     {main: "Match User git\nPubkeyAuthentication no\nMatch all\nPubkeyAuthentication yes\n", keyword: "pubkeyauthentication", want: "no"},
		"another user":             {main: "Match User root,friend\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"ruled out":                {main: "Match User g*,!git\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"by group":                 {main: "Match Group www-data\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "no"},
		"one of two groups out":    {main: "Match Group *,!www-data\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"both criteria":            {main: "Match User git Group root\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"criteria with equals":     {main: "Match User=git\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "no"},
		"everybody":                {main: "Match all\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "no"},
		"another address":          {main: "Match User git Address 10.0.0.0/8\nPubkeyAuthentication no\n", keyword: "pubkeyauthentication", want: "yes"},
		"a match ends with its file": {main: "Include sshd_config.d/*.conf\nPubkeyAuthentication no\n", included: "Match User friend\nPubkeyAuthentication yes\n",
			keyword: "pubkeyauthentication", want: "no"},
		"an include in a match": {main: "Match User friend\nInclude sshd_config.d/*.conf\n", included: "PubkeyAuthentication no\n",
			keyword: "pubkeyauthentication", want: "yes"},
		"a match in a match": {main: "Match User friend\nInclude sshd_config.d/*.conf\n", included: "Match User git\nPubkeyAuthentication no\n",
			keyword: "pubkeyauthentication", want: "yes"},
		"a list in a match":     {main: "AllowUsers a\nMatch User git\nAllowUsers git b\nAllowUsers c\n", keyword: "allowusers", want: "git b c"},
		"a list in two matches": {main: "Match User git\nAllowUsers a\nMatch all\nAllowUsers b\n", keyword: "allowusers", want: "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			v := draw(t, "f /etc/ssh/sshd_config 0644 root:root "+test.main, "f /etc/ssh/sshd_config.d/10-a.conf 0644 root:root "+test.included)
			git, _ := v.User("git")
			got := strings.Join(readSSHD(v, git).get(test.keyword).args, " ")
			if got == "" && test.keyword == "pubkeyauthentication" {
				got = "yes"
			}
			if got != test.want {
				t.Errorf("%s = %q, want %q", test.keyword, got, test.want)
			}
		})
	}
}

func TestSSHDPosition(t *testing.T) {
	v := draw(t, "f /etc/ssh/sshd_config 0644 root:root # first\n\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
		"f /etc/ssh/sshd_config.d/10-a.conf 0644 root:root \nPort 22\n")
	s := readSSHD(v, node.User{Name: "git"})
	if got := s.get("usepam").at; got != "/etc/ssh/sshd_config:4" {
		t.Errorf("UsePAM is at %q", got)
	}
	if got := s.get("port").at; got != "/etc/ssh/sshd_config.d/10-a.conf:2" {
		t.Errorf("Port is at %q", got)
	}
}
