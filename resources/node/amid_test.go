package node

import (
	"strings"
	"testing"
)

// Lines of others stay where they are, whenever they came; a line of ours that they
// have changed is theirs to decide about.
func TestUnmade(t *testing.T) {
	t.Parallel()
	text := func(words string) *Content {
		if words == "nothing" {
			return nil
		}
		return NewContent([]byte(strings.ReplaceAll(words, " ", "\n") + "\n"))
	}
	tests := map[string]struct{ first, left, now, want string }{
		"theirs came after":        {"nothing", "a b", "a b x", "x"},
		"theirs came before":       {"nothing", "a b", "x a b", "x"},
		"theirs came in between":   {"nothing", "a b", "a x b", "x"},
		"what was there stays":     {"w", "w a", "w a x", "w x"},
		"what we changed is back":  {"w v", "w2 v", "w2 v x", "w v x"},
		"what we took out is back": {"w v", "v", "v x", "w v x"},
		"they took out what was":   {"w v", "w v a", "v a x", "v x"},
		"they changed ours":        {"w", "w a b", "w a9 b", ""},
		"they took one of ours":    {"w", "w a b", "w b x", ""},
	}
	for name, test := range tests {
		got, ok := unmade(text(test.first), text(test.left), text(test.now))
		if ok != (test.want != "") || ok && got.Digest() != text(test.want).Digest() {
			t.Errorf("%s: it is %q, %v; want %q", name, bytesOf(got), ok, test.want)
		}
		if test.want != "" && !gone(text(test.first), text(test.left), got) {
			t.Errorf("%s: something of ours is left in %q", name, got.Bytes())
		}
	}
}

// What others have put into a file between two changes, or taken out, and what stands
// of it, makes a difference; what the second one has put right does not.
func TestShared(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first, left, found, made string
		want                     bool
	}{
		"nobody was there":             {"w\n", "w\na\n", "w\na\n", "w\nb\n", false},
		"a line of theirs is kept":     {"w\n", "w\na\n", "w\na\nx\n", "w\nb\nx\n", true},
		"a line of theirs is replaced": {"", "a\n", "x\n", "a\n", false},
		"what they took out stays out": {"w\nv\n", "w\nv\na\n", "v\na\n", "v\nb\n", true},
		"what they took out is back":   {"", "a\nb\n", "a\n", "a\nb\n", false},
	}
	file := func(text string) State { return State{Kind: File, Content: NewContent([]byte(text))} }
	for name, test := range tests {
		before := &PathChange{Path: "/f", From: file(test.first), To: file(test.left)}
		next := &PathChange{Path: "/f", From: file(test.found), To: file(test.made)}
		if got := Shared(before, next); got != test.want {
			t.Errorf("%s: shared is %v", name, got)
		}
	}
}
