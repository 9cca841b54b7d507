package resources

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/test/linear"
)

func TestMention(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"/opt/a": true, "/opt/a/": true, "/opt/a/b c": true, "A=/opt/a": true, `"/opt/a"`: true, "'/opt/a'": true, "-/opt/a/.env": true,
		"/bin:/opt/a:/usr/bin": true, "x,/opt/a,y": true, "(/opt/a)": true, "file:///opt/a/b": true, "@/opt/a x": true, "/opt/a;": true,
		"/opt/a\x00": true, "/opt/a.": true, "/opt/a. Then": true, "see /opt/a.": true, "/opt/a=/b": true, "/opt/a*": true, "/opt/a|b": true,
		"/opt/ab": false, "/opt/a.bak": false, "/opt/a-b": false, "/opt/a_b": false, "/opt/a1": false, "/opt/a..": false, "/opt/a~": false,
		"/opt/a@b": false, "/opt/a+b": false, "/opt/a\u00e9": false, "/opt/a.-x": false,
		"/srv/opt/a": false, "./opt/a": false, "~/opt/a": false, "x/opt/a": false, "$HOME/opt/a": false, "\u00e9/opt/a": false,
		"/opt": false, "opt/a": false, "": false, "/OPT/A": false,
		"/opt/ab /opt/a": true, "/opt/ab/opt/a": false, "/opt/a.b,/opt/a": true,
	} {
		if got := mention([]byte(text), "/opt/a", false) >= 0; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// Whatever stands around it, a path is found between blanks, and not where a name
// goes on; what is found stands there.
func FuzzMention(f *testing.F) {
	f.Add("A=", "/opt/a", "/b")
	f.Add("/opt/a", "/opt/a/opt/a", ".bak")
	f.Add("/opt/ab/opt/a.", "/opt/a.b", "..")
	f.Fuzz(func(t *testing.T, before, name, after string) {
		name = "/" + strings.TrimLeft(name, "/")
		if name == "/" {
			return
		}
		for _, program := range []bool{false, true} {
			text := []byte(before + " " + name + "\n" + after)
			if at := mention(text, name, program); at < 0 || at > len(before)+1 || !bytes.HasPrefix(text[at:], []byte(name)) {
				t.Fatalf("%q in %q is found at %d", name, text, at)
			}
			text = []byte(before + name + after)
			for from := 0; ; {
				at := mention(text[from:], name, program)
				if at < 0 {
					break
				}
				rest := text[from+at+len(name):]
				if !bytes.HasPrefix(text[from+at:], []byte(name)) || len(rest) > 0 && goesOn(rest[0]) {
					t.Fatalf("%q in %q is found at %d", name, text, from+at)
				}
				from += at + 1
			}
		}
		if strings.Contains(before, "/") {
			return
		}
		if at := mention([]byte(before+name+"x"), name, false); at >= 0 && !strings.Contains(name[1:], "/") {
			t.Fatalf("%q in %q is found at %d", name, before+name+"x", at)
		}
	})
}

// A program is searched alike, however much of it is looked at at once.
func FuzzInProgram(f *testing.F) {
	f.Add("/opt/a", "\x7fELF\x00must be set/opt/a/.env\x00/opt/ab\x00", "/opt/a", uint8(1))
	f.Add("/opt/a", "/opt/a/known_hosts/opt/a/b", "xx/opt/a.", uint8(7))
	f.Fuzz(func(t *testing.T, name, one, two string, window uint8) {
		n := names{"/" + strings.TrimLeft(name, "/"), "/opt/other"}
		text := strings.Repeat(one+strings.Repeat("\x00", 70), 5) + two
		small, err := n.inProgram(strings.NewReader(text), int(window)+1)
		if err != nil {
			t.Fatal(err)
		}
		whole, _ := n.inProgram(strings.NewReader(text), len(text)+1)
		if n[0] != "/" && !slices.Equal(small, whole) {
			t.Fatalf("%q in %q, %d bytes at once: %q, and all at once: %q", n, text, int(window)+1, small, whole)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	links := []node.Link{
		{Path: "/srv/rules", Target: "/opt/a/rules"},
		{Path: "/srv/more", Target: "rules/more"},
		{Path: "/o", Target: "opt"},
		{Path: "/opt/a/inside", Target: "/opt/a"},
		{Path: "/srv/root", Target: "/"},
		{Path: "/srv/other", Target: "/opt/ab"},
		{Path: "/opt/loop", Target: "."},
	}
	want := names{"/opt/a", "/srv/rules", "/o/a", "/srv/more"}
	if got := namesOf([]string{"/opt/a", "/opt/a"}, links); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Each kind of text is looked through in linear time.
func FuzzMentionLong(f *testing.F) {
	f.Add("", "/opt/a", "b")
	f.Add("x", "/opt/ab", "")
	f.Add("", "//", "")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			n := names{"/opt/a", "//////////////////////////////////a"}
			n.in(text)
			if _, err := n.inProgram(strings.NewReader(text), 4096); err != nil {
				t.Fatal(err)
			}
		})
	})
}
