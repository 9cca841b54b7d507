package node

import "testing"

func TestPlanterOf(t *testing.T) {
	file, link := State{Kind: File, Owner: "git"}, State{Kind: Symlink, Owner: "root"}
	for _, c := range []struct {
		owner string
		mode  Mode
		link  State
		want  string
	}{
		{"root", 0o755, file, "root"},
		{"root", 0o1777, file, "somebody"},
		{"root", 0o775, link, "somebody"},
		{"root", 0o1777, link, "root"},
		{"friend", 0o700, link, "friend"},
		{"friend", 0o755, file, "friend"},
		{"friend", 0o775, file, "somebody"},
		{"friend", 0o775, link, "friend"},
		{"friend", 0o777, link, "somebody"},
		{"root", 0o755, State{Kind: Symlink, Owner: "git"}, "git"},
	} {
		if got := planterOf(State{Owner: c.owner, Mode: c.mode}, c.link); got != c.want {
			t.Errorf("in a directory %v of %s, a %v: %s, want %s", c.mode, c.owner, c.link.Kind, got, c.want)
		}
	}
}
