package resources

import (
	"strings"
	"testing"
)

func TestEditApply(t *testing.T) {
	for _, test := range []struct {
		name, before string
		edit         Edit
		after        string
	}{
		{"in place", "a\r\nb a\n", Edit{Replace: map[string]string{"a": "c"}}, "c\r\nb c\n"},
		{"part of its replacement", "/opt/x /opt", Edit{Replace: map[string]string{"/opt": "/opt/x"}}, "/opt/x /opt/x"},
		{"what is left joins", "aabb", Edit{Replace: map[string]string{"ab": ""}}, ""},
		{"blank lines become one", "a\n\n\n\n\n\n\nb", Edit{Replace: map[string]string{"\n\n\n": "\n\n"}}, "a\n\nb"},
		{"one makes work for another", "axb", Edit{Replace: map[string]string{"x": "", "ab": "c"}}, "c"},
		{"a missing line", "a\nb", Edit{Lines: []string{"b", "c", "", "c"}}, "a\nb\nc\n\n"},
		{"a line with a carriage return", "a\r\nb", Edit{Lines: []string{"a"}}, "a\r\nb"},
		{"a line that comes by replacing", "a", Edit{Replace: map[string]string{"a": "b"}, Lines: []string{"b"}}, "b"},
	} {
		if got, err := test.edit.apply([]byte(test.before)); err != nil || string(got) != test.after {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.after)
		}
	}
	for _, without := range []Edit{
		{Replace: map[string]string{"ab": "bbaa"}},
		{Replace: map[string]string{"\n\n": "\n"}, Lines: []string{""}},
	} {
		if got, err := without.apply([]byte("aab")); err == nil || !strings.HasPrefix(err.Error(), "the edits never come to an end: ") {
			t.Errorf("%v: %q, %v", without, got, err)
		}
	}
}

func TestEditCheck(t *testing.T) {
	for _, test := range []struct {
		edit Edit
		want string
	}{
		{Edit{Lines: []string{"a\nb"}}, `"a\nb" is not one line`},
		{Edit{Lines: []string{"a\r"}}, `"a\r" is not one line`},
		{Edit{Lines: []string{"xa"}, Replace: map[string]string{"a": "b"}}, `the line "xa" holds a text that is to be replaced`},
		{Edit{Lines: []string{"ab"}, Replace: map[string]string{"a": "ab"}}, ""},
		{Edit{Replace: map[string]string{"": "b"}}, "the text to be replaced is empty"},
		{Edit{Replace: map[string]string{"a": "b", "b": "c"}}, `the replacement of "a" brings in "b", which is to be replaced as well`},
	} {
		got := ""
		if err := test.edit.check(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %s, want %s", test.edit, got, test.want)
		}
	}
}
