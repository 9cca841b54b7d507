package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// promote is the request that failed first on the night of the cutover.
const promote = `curl -sS -o /dev/null -w '%{http_code}' -X POST http://127.0.0.1:7700/promote/b`

// sandod goes on with the file that it has read when it started. A plan names that,
// also when the file is as declared and somebody else has made it so; apply restarts
// sandod once, and then the release finds its server.
func TestSandodIsStale(t *testing.T) {
	t.Parallel()
	m := boot.Node(t, boot.Hostname("fw13"))
	m.Sando()
	m.Put("../examples/mnw", "/root/mnw")
	const manifest = "/root/mnw/fw13.yaml"
	m.MustSh("sed -i s/deploy@prod-1.makenot.work/makenotwork@alpha-west-1/ /etc/sando/sando.toml")
	if code := m.MustSh(promote); code != "502" {
		t.Fatalf("the stale sandod answers %s", code)
	}
	before := pid(m, "sandod")

	const stale = "restart sandod.service: it runs with an older /etc/sando/sando.toml"
	if result := m.Agent("plan", manifest); result.Code != 2 || !strings.Contains(result.Stdout, stale) || strings.Contains(result.Stdout, "file:/etc/sando/sando.toml") {
		t.Errorf("plan does not say %q: %s", stale, result)
	}
	if pid(m, "sandod") != before {
		t.Error("plan has restarted it")
	}
	if result := m.Agent("apply", manifest); result.Code != 0 || strings.Count(result.Stdout, stale) != 1 {
		t.Errorf("apply: %s", result)
	}
	if code := m.MustSh(promote); code != "200" {
		t.Errorf("after apply, sandod answers %s", code)
	}
	after := pid(m, "sandod")
	if result := m.Agent("apply", manifest); result.Code != 0 || !strings.Contains(result.Stdout, "all as declared") || pid(m, "sandod") != after {
		t.Errorf("the second apply: %s", result)
	}
}

// The manifest of fw13 is all that B and C want of that machine.
func TestSandoConverges(t *testing.T) {
	t.Parallel()
	m := boot.Node(t, boot.Hostname("fw13"))
	m.Sando()
	m.Put("../examples/mnw", "/root/mnw")
	if result := m.Agent("apply", "/root/mnw/fw13.yaml"); result.Code != 0 || strings.Count(result.Stdout, "restart sandod.service") != 1 {
		t.Fatal(result)
	}
	if code := m.MustSh(promote); code != "200" {
		t.Errorf("sandod answers %s", code)
	}
	want := "700 sando:sando\n600 sando:sando\n600 sando:sando\nport 2200\nuser makenotwork"
	got := m.MustSh(`cd /srv/sando/.ssh; stat -c '%a %U:%G' . config known_hosts; runuser -u sando -- ssh -F config -G alpha-west-1 | grep -E '^(user|port) ' | sort`)
	if got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}
