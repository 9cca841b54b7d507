package resources

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/makenotwork/mnw-agent/resources/node"
)

func TestCheckProbe(t *testing.T) {
	t.Parallel()
	status, half, long := 200, Duration(500*time.Millisecond), Duration(30*time.Second)
	for name, test := range map[string]struct {
		check  Check
		want   node.Probe
		within time.Duration
	}{
		"http": {
			Check{HTTP: "https://a/", Status: &status, Contains: "up", CA: "/ca.pem", ServerName: "b", Within: &long},
			node.Probe{HTTP: &node.HTTPProbe{URL: "https://a/", Status: 200, Contains: "up", CA: "/ca.pem", ServerName: "b"}, Limit: 5 * time.Second},
			30 * time.Second,
		},
		"any status": {Check{HTTP: "http://a/"}, node.Probe{HTTP: &node.HTTPProbe{URL: "http://a/"}, Limit: 5 * time.Second}, 10 * time.Second},
		"insecure":   {Check{HTTP: "https://a/", Insecure: true}, node.Probe{HTTP: &node.HTTPProbe{URL: "https://a/", Insecure: true}, Limit: 5 * time.Second}, 10 * time.Second},
		"tcp":        {Check{TCP: "a:1", Timeout: &half}, node.Probe{TCP: "a:1", Limit: 500 * time.Millisecond}, 10 * time.Second},
		"command": {
			Check{Command: []string{"a", "b"}, User: "max", Within: &half},
			node.Probe{Command: []string{"a", "b"}, User: "max", Limit: 500 * time.Millisecond}, 500 * time.Millisecond,
		},
		"unit": {Check{Unit: "a.service", Within: &long, Timeout: &long}, node.Probe{Unit: "a.service", Limit: 30 * time.Second}, 30 * time.Second},
	} {
		test.check.Name = "a"
		if err := test.check.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, within := test.check.Probe()
		if diff := cmp.Diff(test.want, got); diff != "" || within != test.within {
			t.Errorf("%s: within %s\n%s", name, within, diff)
		}
	}
}

// What a check may not say is in manifests/testdata/bad/all; this is what it may.
func TestCheckCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []Check{
		{HTTP: "http://[::1]:3000/a?b=c#d"},
		{HTTP: "HTTPS://max:secret@www.example.org", CA: "/ca.pem", ServerName: "127.0.0.1"},
		{HTTP: "http://127.0.0.1", ServerName: "www.example.org"},
		{TCP: "[::1]:65535"},
		{TCP: "localhost:1"},
		{Command: []string{"/bin/sh", "-c", ""}, User: "www-data"},
		{Unit: `dev-disk-by\x2dlabel.mount`},
		{Unit: "getty@tty1.service"},
	} {
		c.Name = "An.odd_name-1"
		if err := c.Check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestCheckConceals(t *testing.T) {
	t.Parallel()
	for at, want := range map[string][]string{
		"":                          nil,
		"http://a/":                 nil,
		"http://max@a/":             {},
		"https://max:p%40ss@a/":     {"p@ss", "p%40ss"},
		"https://max:secret@a/":     {"secret", "secret"},
		"https://:only-a-secret@a/": {"only-a-secret", "only-a-secret"},
	} {
		if got := (&Check{HTTP: at}).Conceals(); !slices.Equal(got, want) {
			t.Errorf("%s: %q", at, got)
		}
	}
}
