package node

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Two changes of one thing come to what lies between the first look and the last
// state, whatever was in between.
func TestJoin(t *testing.T) {
	t.Parallel()
	file := func(text string) State {
		return State{Kind: File, Mode: 0o644, Owner: "root", Group: "root", Content: NewContent([]byte(text))}
	}
	user := func(shell string, groups ...string) UserRecord {
		return UserRecord{Present: true, Fields: map[UserField]string{UserShell: shell}, Groups: groups}
	}
	gone := UserRecord{Fields: nil}
	tests := map[string]struct{ first, second, want Change }{
		"a file that came, and was changed": {
			&PathChange{Path: "/f", To: file("a")},
			&PathChange{Path: "/f", From: file("theirs"), To: file("b")},
			&PathChange{Path: "/f", To: file("b")},
		},
		"a mode, and the content after": {
			&PathChange{Path: "/f", From: State{Kind: File, Mode: 0o600}, To: State{Kind: File, Mode: 0o644}},
			&PathChange{Path: "/f", From: file("a"), To: file("b")},
			&PathChange{Path: "/f", From: State{Kind: File, Mode: 0o600, Content: NewContent([]byte("a"))}, To: file("b")},
		},
		"a file that came, and its mode after": {
			&PathChange{Path: "/f", To: file("a")},
			&PathChange{Path: "/f", From: State{Kind: File, Mode: 0o644}, To: State{Kind: File, Mode: 0o600}},
			&PathChange{Path: "/f", To: State{Kind: File, Mode: 0o600, Content: NewContent([]byte("a"))}},
		},
		"secrets show in neither half": {
			&PathChange{Path: "/f", From: file("a"), To: file("b"), Shown: &Shown{Before: "x", After: "y"}},
			&PathChange{Path: "/f", From: file("b"), To: file("c")},
			&PathChange{Path: "/f", From: file("a"), To: file("c"), Shown: &Shown{}},
		},
		"a crontab": {
			&CrontabChange{User: "u", To: NewContent([]byte("a"))},
			&CrontabChange{User: "u", From: NewContent([]byte("a")), To: NewContent([]byte("b"))},
			&CrontabChange{User: "u", To: NewContent([]byte("b"))},
		},
		"a group whose number was changed later": {
			&GroupChange{Name: "g", To: GroupRecord{Present: true}},
			&GroupChange{Name: "g", From: GroupRecord{Present: true, GID: "5"}, To: GroupRecord{Present: true, GID: "6"}},
			&GroupChange{Name: "g", To: GroupRecord{Present: true, GID: "6"}},
		},
		"fields of a user, each in its time": {
			&UserChange{Name: "u", From: user("/bin/sh"), To: user("/bin/bash", "a")},
			&UserChange{Name: "u",
				From: UserRecord{Present: true, Fields: map[UserField]string{UserHome: "/h"}, Groups: []string{"a", "c"}},
				To:   UserRecord{Present: true, Fields: map[UserField]string{UserHome: "/i"}, Groups: []string{"b"}}},
			&UserChange{Name: "u",
				From: UserRecord{Present: true, Fields: map[UserField]string{UserShell: "/bin/sh", UserHome: "/h"}, Groups: []string{"c"}},
				To:   UserRecord{Present: true, Fields: map[UserField]string{UserShell: "/bin/bash", UserHome: "/i"}, Groups: []string{"b"}}},
		},
		"a user who came, and was changed": {
			&UserChange{Name: "u", From: gone, To: user("/bin/sh")},
			&UserChange{Name: "u", From: user("/bin/sh"), To: user("/bin/bash")},
			&UserChange{Name: "u", From: gone, To: user("/bin/bash")},
		},
		"a user who was changed, and went": {
			&UserChange{Name: "u", From: user("/bin/sh"), To: user("/bin/bash")},
			&UserChange{Name: "u", From: user("/bin/bash", "a"), To: gone},
			&UserChange{Name: "u", From: user("/bin/sh", "a"), To: gone},
		},
	}
	for name, test := range tests {
		got := Join(test.first, test.second)
		same := cmp.Comparer(func(a, b *Content) bool {
			return a == b || a != nil && b != nil && a.Digest() == b.Digest()
		})
		if diff := cmp.Diff(test.want, got, same); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	start := &UnitAction{Unit: "u", Verb: StartUnit}
	if Join(start, &UnitAction{Unit: "u", Verb: RestartUnit}) != Change(start) {
		t.Error("of two actions, the first does not stand")
	}
}
