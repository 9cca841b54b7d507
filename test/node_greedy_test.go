package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A check that runs as a user has no terminal: it could type there, for root's shell to read.
func TestNoTerminal(t *testing.T) {
	t.Parallel()
	m := hostile(t)
	m.WriteFile(manifestPath, `version: 1
checks:
  types: {command: [sh, -c, "echo begun >/tmp/said; exec 3<>/dev/tty && echo open >>/tmp/said"], user: mallory, within: 1s, timeout: 1s}
`, 0o600)
	m.Sh("script --quiet --command 'mnw-agent apply " + manifestPath + "' /dev/null </dev/null")
	if said := m.ReadFile("/tmp/said"); said != "begun\n" {
		t.Errorf("the check has opened the terminal: %q", said)
	}
}

// A program that runs as a user has none of the files that root's shell has open.
func TestNoFilesOfTheCallers(t *testing.T) {
	t.Parallel()
	m := hostile(t)
	m.WriteFile(manifestPath, `version: 1
checks:
  reads: {command: [sh, -c, "echo begun >/tmp/said; cat <&7 >>/tmp/said"], user: mallory, within: 1s, timeout: 1s}
`, 0o600)
	m.Sh("exec 7</srv/canary/secret; " + boot.AgentPath + " apply " + manifestPath)
	if said := m.ReadFile("/tmp/said"); said != "begun\n" {
		t.Errorf("the check has read what root's shell had open: %q", said)
	}
}

// What a user can make as large as they like takes neither the memory nor the time of a
// run: each is told for what it is, or not looked at.
func TestGreedy(t *testing.T) {
	t.Parallel()
	m := hostile(t)
	m.Install("test/liar", "/usr/local/bin/liar")
	m.MustSh(`
install -d -o mallory /srv/a /srv/b
mkdir /srv/none
runuser -u mallory -- sh -c 'for d in a b; do mkdir -p /srv/$d/x.git/objects /srv/$d/x.git/refs; echo "ref: refs/heads/main" >/srv/$d/x.git/HEAD; done'`)
	const (
		twins = "retired: {/srv/a: {twin: /srv/b, after: 2999-01-01}}\n"
		none  = "retired: {/srv/none: {}}\n"
		check = "checks: {c: {command: ['true'], user: mallory, within: 1s}}\n"
		keys  = "authorized_keys: {mallory: {keys: {max: {key: " + keyOfMax + "}}}}\n"
	)
	for _, c := range []struct{ what, make, manifest, want, unmake string }{
		{"a HEAD", "truncate -s 1T /srv/a/x.git/HEAD", twins, "retired:/srv/a", "echo 'ref: refs/heads/main' >/srv/a/x.git/HEAD"},
		{"packed refs", "truncate -s 1T /srv/a/x.git/packed-refs", twins, "its packed-refs are larger than those of any repository", "rm /srv/a/x.git/packed-refs"},
		{"two files that are alike", "truncate -s 7T /srv/a/big /srv/b/big", twins, "half of the time that was left", "rm /srv/a/big /srv/b/big"},
		{"a script", "truncate -s 7T ~/x.sh; echo '@daily sh /home/mallory/x.sh' | crontab -", none,
			"program /home/mallory/x.sh: is too large to be looked through", "crontab -r; rm ~/x.sh"},
		{"a file of the kernel's", "ln -s /proc/kallsyms ~/x.sh; echo '@daily sh /home/mallory/x.sh' | crontab -", none,
			"/kallsyms, which the kernel makes up, not a file", "crontab -r; rm ~/x.sh"},
		{"the keys", "truncate -s 1T ~/.ssh/authorized_keys", keys, "it is larger than 256 MiB, and is not read", "rm ~/.ssh/authorized_keys"},
		{"what a process was given", "liar >/dev/null 2>&1 & until pgrep -x liar; do sleep 0.1; done; sleep 0.5", none, "more than can be looked through", "true"},
		{"what a process was given, while a check runs", "true", check, "as declared", "pkill -x liar"},
		{"names over several lines", `ln -s /srv/none "$(printf 'a\nfaked line')"`, none, `symlink "/home/mallory/a\nfaked line": -> /srv/none`, "rm ~/a*"},
	} {
		user := func(script string) {
			m.MustSh("runuser -l mallory -c '" + strings.ReplaceAll(script, "'", `'\''`) + "'")
		}
		user(c.make)
		m.WriteFile(manifestPath, "version: 1\n"+c.manifest, 0o600)
		limit := "60s"
		if strings.Contains(c.want, "half of the time") {
			limit = "8s"
		}
		result := m.Run("systemd-run", "--quiet", "--pipe", "--wait", "--property=MemoryMax=1G", "--property=MemorySwapMax=0", "--property=RuntimeMaxSec=50",
			"mnw-agent", "apply", "--timeout", limit, manifestPath)
		if !strings.Contains(result.Stdout, c.want) {
			t.Errorf("%s: want %q, got %s", c.what, c.want, result)
		}
		user(c.unmake)
	}
}
