package resources

import (
	"strings"
	"testing"
)

func valueType(t testing.TB, word string) ValueType {
	t.Helper()
	var of ValueType
	if err := of.UnmarshalText([]byte(word)); err != nil {
		t.Fatal(err)
	}
	return of
}

func TestValuesOfTypes(t *testing.T) {
	for _, test := range []struct{ word, value, says string }{
		{"path", "/opt/mnw/docs", ""},
		{"path", "/", ""},
		{"path", "docs", "is not an absolute path"},
		{"path", "", "is not an absolute path"},
		{"path", "/opt/mnw/", "is not a clean path: it has a doubled or trailing slash, a . or a .. in it"},
		{"path", "/opt/../mnw", "is not a clean path: it has a doubled or trailing slash, a . or a .. in it"},
		{"path", "/" + strings.Repeat("a/", 2047), "is not a clean path: it has a doubled or trailing slash, a . or a .. in it"},
		{"path", "/" + strings.Repeat("a", 4095), "is longer than 4095 bytes, and no path is"},
		{"port", "1", ""},
		{"port", "65535", ""},
		{"port", "0", "is not a port: want 1 to 65535 in plain digits"},
		{"port", "65536", "is not a port: want 1 to 65535 in plain digits"},
		{"port", "080", "is not a port: want 1 to 65535 in plain digits"},
		{"port", "+80", "is not a port: want 1 to 65535 in plain digits"},
		{"port", "0x50", "is not a port: want 1 to 65535 in plain digits"},
		{"port", " 80", "is not a port: want 1 to 65535 in plain digits"},
		{"port", "", "is not a port: want 1 to 65535 in plain digits"},
		{"url", "https://makenot.work", ""},
		{"url", "http://[::1]:3000/api?x#y", ""},
		{"url", "postgres://user:pass@db/mnw", ""},
		{"url", "postgres:///mnw?host=/var/run/postgresql&user=mnw", ""},
		{"url", "postgres:///mnw?user=mnw", "is a URL without a host"},
		{"url", "postgres://user@/mnw", "is a URL without a host"},
		{"url", "file:///etc/passwd", "is a URL without a host"},
		{"url", "makenot.work/path", "is not an absolute URL: it does not begin with a scheme and ://, such as https://"},
		{"url", "//makenot.work/path", "is not an absolute URL: it does not begin with a scheme and ://, such as https://"},
		{"url", "mailto:max@makenot.work", "is not an absolute URL: it does not begin with a scheme and ://, such as https://"},
		{"url", "postgres:?host=x", "is not an absolute URL: it does not begin with a scheme and ://, such as https://"},
		{"url", "", "is not an absolute URL: it does not begin with a scheme and ://, such as https://"},
		{"url", "http://a b/", "is not a URL: want https://example.org/path, say"},
		{"url", "http://u:pa%ss@host/", "is not a URL: want https://example.org/path, say"},
		{"url", "http://host:0/", "is a URL whose port is none: want 1 to 65535"},
		{"url", "http://host:65536/", "is a URL whose port is none: want 1 to 65535"},
		{"secret", "sixteen letters.", ""},
		{"secret", "fifteen letters", "is shorter than 16 characters"},
		{"secret", strings.Repeat("é", 15), "is shorter than 16 characters"}, // characters, not bytes
		{"secret", strings.Repeat("é", 16), ""},
		{"secret", "", "is shorter than 16 characters"},
	} {
		says := ""
		if err := valueType(t, test.word).checkDeclared(test.value); err != nil {
			says = err.Error()
		}
		if says != test.says {
			t.Errorf("%s %q: %q, want %q", test.word, test.value, says, test.says)
		}
	}
	long, value := 32, strings.Repeat("x", 31)
	if err := (ValueType{Secret: &long}).check(value); err == nil || err.Error() != "is shorter than 32 characters" {
		t.Errorf("31 of 32: %v", err)
	}
	if err := (ValueType{Secret: &long}).check(value + "x"); err != nil {
		t.Errorf("32 of 32: %v", err)
	}
}

// What is found on a node works however it is written; only what is declared must
// be written well.
func TestFoundPathsNeedNotBeClean(t *testing.T) {
	if err := valueType(t, "path").check("/opt//mnw/../mnw/"); err != nil {
		t.Error(err)
	}
}

// A value is told only where it is what it is declared to be, or nearly so.
func TestTold(t *testing.T) {
	e := &EnvFile{
		Set:     map[string]string{"SETPATH": "x", "SETURL": "https://u:p@h", "SETSECRET": "x"},
		Secrets: map[string]string{"HIDDEN": "/etc/x"},
		Types: map[string]ValueType{
			"SETPATH": valueType(t, "path"), "SETURL": valueType(t, "url"), "SETSECRET": valueType(t, "secret"),
			"HIDDEN": valueType(t, "path"), "P": valueType(t, "path"), "N": valueType(t, "port"), "U": valueType(t, "url"), "S": valueType(t, "secret"),
		},
	}
	for _, test := range []struct {
		key, value string
		shown      bool
	}{
		{"SETPATH", "relative", true}, {"SETURL", "https://u:p@h", false}, {"SETSECRET", "short", false},
		{"HIDDEN", "/etc/x", false},
		{"P", "/opt/x", true}, {"P", "hunter2", false},
		{"N", "70000", true}, {"N", "hunter2", false},
		{"U", "http://h", false}, {"S", "short", false},
	} {
		if told := e.told(test.key, test.value); strings.Contains(told, test.value) != test.shown {
			t.Errorf("%s=%s is told as %s", test.key, test.value, told)
		}
	}
	if e.isPublic("SETSECRET") || !e.isPublic("SETURL") || e.isPublic("HIDDEN") || e.isPublic("P") {
		t.Error("what may be shown of set is all of it that is not secret, and no more")
	}
	if hidden := e.Conceals(); len(hidden) != 2 {
		t.Errorf("concealed: %q", hidden)
	}
}

// Whatever a value is, what is wrong with it is told without it, and what is taken
// reads back as what it was taken for.
func FuzzValues(f *testing.F) {
	for _, value := range []string{"", "/", "/opt/x", "3000", "0", "65536", "https://u:p@h:1/x?y#z", "postgres:///db?host=/run", "http://[::1", "http://%zz", "é\xff\x00", "a:b", "://", "a://:1", "a://@h"} {
		f.Add(value, 16)
	}
	said := map[string]bool{}
	for _, word := range (ValueType{}).Values() {
		for _, value := range []string{"", "x", "mailto:x", "a://", "http://h:0", "http://[", "/a/", "/" + strings.Repeat("a", 5000)} {
			if err := valueType(f, word).checkDeclared(value); err != nil {
				said[err.Error()] = true
			}
		}
	}
	f.Fuzz(func(t *testing.T, value string, least int) {
		for _, word := range (ValueType{}).Values() {
			if err := valueType(t, word).checkDeclared(value); err != nil && !said[err.Error()] {
				t.Fatalf("%s %q: %q is none of what can be said", word, value, err)
			}
		}
		if valueType(t, "path").checkDeclared(value) == nil && strings.IndexByte(value, 0) < 0 {
			if err := new(Path).UnmarshalText([]byte(value)); err != nil {
				t.Fatalf("%q is a path, and then not: %v", value, err)
			}
		}
		if port := valueType(t, "port").check(value); (port == nil) != isPortByHand(value) {
			t.Fatalf("port %q: %v", value, port)
		}
		if valueType(t, "url").check(value) == nil && !strings.Contains(value, "://") {
			t.Fatalf("%q is taken for an absolute URL", value)
		}
		if err := (ValueType{Secret: &least}).check(value); (err == nil) != (len([]rune(value)) >= least) {
			t.Fatalf("%q as a secret of %d: %v", value, least, err)
		}
	})
}

func isPortByHand(s string) bool {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || len(s) > 5 || s[0] == '0' {
			return false
		}
		n = 10*n + int(c-'0')
	}
	return n > 0 && n < 1<<16
}
