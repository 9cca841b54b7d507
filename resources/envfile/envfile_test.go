package envfile

import (
	"slices"
	"testing"
)

// What systemd reads here is what a unit on systemd 252 had in its environment.
func TestGet(t *testing.T) {
	for _, c := range []struct {
		text string
		want map[string]string
	}{
		{"A=1\nB = 2 \n  C=3\nA=4\n", map[string]string{"A": "4", "B": "2", "C": "3"}},
		{"export A=1\nA-B=1\n1A=1\n=A=1\nA\nB=\n", map[string]string{"B": ""}},
		{"\ufeffA=1\nB=2\n", map[string]string{"B": "2"}},
		{"A=1\rB=2\r\nC=3", map[string]string{"A": "1", "B": "2", "C": "3"}},
		{"A='a'  b \"c\" #d\nB=\"x\" 'y' \n", map[string]string{"A": `ab "c" #d`, "B": "xy"}},
		{"A=a\\\nb\nB=\"a\\\nb\"\nC=a\\ b\\  \n", map[string]string{"A": "ab", "B": "ab", "C": "a b "}},
		{`A="\a\"\\\$"` + "\nB='\\a\\'\n", map[string]string{"A": `\a"\$`, "B": `\a\`}},
		{"# x \\\nA=1\nB=2\n; y \\\n\nC=3\n", map[string]string{"B": "2", "C": "3"}},
		{"A=\"open\nB=2\n", map[string]string{"A": "open\nB=2\n"}},
		{"A=a\x01b\nB='\x1b\t\x7f'\n# \xff\n\xff\n", map[string]string{"A": "a\x01b", "B": "\x1b\t\x7f"}},
		{"A=1\nB=\xff\n", nil},
		{"A=1\nB\xff=2\n", nil},
		{"A=1\n# \x00\n", nil},
	} {
		f := Parse([]byte(c.text))
		if got := f.Keys(); len(got) != len(c.want) {
			t.Errorf("%q has %q, want %q", c.text, got, c.want)
		}
		for key, want := range c.want {
			if got, ok := f.Get(key); !ok || got != want {
				t.Errorf("%q: %s is %q, want %q", c.text, key, got, want)
			}
		}
		if refused := f.Refused() != nil; refused != (c.want == nil) {
			t.Errorf("%q: refused: %v", c.text, f.Refused())
		}
	}
}

func TestKeys(t *testing.T) {
	got := Parse([]byte("B=1\nA=1\n#C=1\nB=2\nD=\n")).Keys()
	if want := []string{"B", "A", "D"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
