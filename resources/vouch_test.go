package resources

import (
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

func TestVouch(t *testing.T) {
	v := draw(t, "d /home/friend 0755 friend:friend", "f /home/friend/own 0600 friend:friend",
		"d /root 0700 root:root", "f /root/secret 0600 root:root", "d /srv 0755 root:root",
		"l /home/friend/secret /root/secret", "l /home/friend/dir /root", "l /home/friend/too own", "l /srv/secret ../root/secret")
	for at, want := range map[string]string{
		"/home/friend/own":        "",
		"/home/friend/too":        "",
		"/home/friend/nothing":    "",
		"/srv/secret":             "",
		"/home/friend/secret":     "/home/friend/secret may be a link that friend has planted to read a file of root through it: remove it",
		"/home/friend/dir/secret": "/home/friend/dir may be a link that friend has planted to read a file of root through it: remove it",
	} {
		got := ""
		if err := vouch(v, at); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

func TestPlanterOf(t *testing.T) {
	file, link := node.State{Kind: node.File, Owner: "git"}, node.State{Kind: node.Symlink, Owner: "root"}
	for _, c := range []struct {
		owner string
		mode  node.Mode
		link  node.State
		want  string
	}{
		{"root", 0o755, file, "root"},
		{"root", 0o1777, file, "somebody"},
		{"root", 0o775, link, "somebody"},
		{"root", 0o1777, link, "root"},
		{"friend", 0o700, link, "friend"},
		{"root", 0o755, node.State{Kind: node.Symlink, Owner: "git"}, "git"},
	} {
		if got := planterOf(node.State{Owner: c.owner, Mode: c.mode}, c.link); got != c.want {
			t.Errorf("in a directory %v of %s, a %v: %s, want %s", c.mode, c.owner, c.link.Kind, got, c.want)
		}
	}
}
