package resources

import (
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

func TestFollow(t *testing.T) {
	v := draw(t, "d /a 0755 root:root", "d /a/b 0755 root:root", "f /a/b/f 0644 root:root", "f /a/g 0644 root:root",
		"l /l /a/b", "l /rel a/../a/b", "l /a/b/up ..", "l /far /l/up/g", "l /top /", "l /loop loop", "l /lost /a/none/x")
	for at, want := range map[string]struct {
		end  string
		kind node.Kind
	}{
		"/":             {"/", node.Directory},
		"/a/b/f":        {"/a/b/f", node.File},
		"/l":            {"/a/b", node.Directory},
		"/l/f":          {"/a/b/f", node.File},
		"/rel/f":        {"/a/b/f", node.File},
		"/l/up/g":       {"/a/g", node.File}, // not /g, where the text alone leads
		"/far":          {"/a/g", node.File},
		"/top":          {"/", node.Directory},
		"/top/l/f":      {"/a/b/f", node.File},
		"/lost":         {"/a/none/x", node.Absent},
		"/none/x":       {"/none/x", node.Absent},
		"/loop":         {"/loop", node.Symlink},
		"/loop/further": {"/loop/further", node.Absent},
	} {
		if end, state := follow(v, at); end != want.end || state.Kind != want.kind {
			t.Errorf("%s leads to %s, %v; want %s, %v", at, end, state.Kind, want.end, want.kind)
		}
	}
}
