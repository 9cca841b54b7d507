package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// secretOfRoot is what mallory would like to read.
const secretOfRoot = "canary-5f3a"

// hostile boots a node with a user, mallory, who owns directories in which root
// manages files, and two trees of root's: mallory can put symlinks to what is in
// /srv/canary, and hard links to what is in /srv/linked.
func hostile(t *testing.T) *boot.Machine {
	t.Helper()
	m := ready(t)
	m.Must("useradd", "--create-home", "--shell=/bin/sh", "mallory")
	m.MustSh(`
mkdir -m 0755 /srv/canary /srv/linked
for dir in dir ssh deep; do mkdir -m 0755 /srv/canary/$dir; done
mkdir -m 0700 /srv/canary/private
for file in secret dir/conf dir/rooted dir/gone dir/mode ssh/authorized_keys deep/file private/file; do
	printf 'TOKEN=` + secretOfRoot + ` %s\n' $file >/srv/canary/$file; chmod 0600 /srv/canary/$file
done
printf 'TOKEN=` + secretOfRoot + `\n' >/srv/linked/secret; chmod 0600 /srv/linked/secret`)
	m.MustSh(furnished)
	return m
}

// furnished lays out mallory's directories.
const furnished = `
rm -rf /var/lib/mnw /home/mallory/.ssh /home/mallory/seed.env
install -d -o mallory -g mallory /var/lib/mnw /var/lib/mnw/dir
install -d -o mallory -g mallory -m 0700 /home/mallory/.ssh
echo 'FROM=seed' >/home/mallory/seed.env
echo mine >/var/lib/mnw/mode; chmod 0600 /var/lib/mnw/mode
for file in lines rooted owner; do echo theirs >/var/lib/mnw/$file; done
chown mallory:mallory /home/mallory/seed.env /var/lib/mnw/lines /var/lib/mnw/owner`

// swapped is what mallory swaps, and for what.
var swapped = []string{
	"/var/lib/mnw/dir", "symlink:/srv/canary/dir",
	"/var/lib/mnw/dir", "symlink:/etc",
	"/var/lib/mnw/dir/conf", "symlink:/srv/canary/secret",
	"/var/lib/mnw/dir/conf", "hardlink:/srv/linked/secret",
	"/var/lib/mnw/mode", "hardlink:/srv/linked/secret",
	"/var/lib/mnw/mode", "symlink:/srv/canary/secret",
	"/var/lib/mnw/owner", "hardlink:/srv/linked/secret",
	"/var/lib/mnw/owner", "symlink:/srv/canary/secret",
	"/var/lib/mnw/lines", "symlink:/srv/canary/secret",
	"/var/lib/mnw/lines", "hardlink:/srv/linked/secret",
	"/var/lib/mnw/lines", "fifo",
	"/var/lib/mnw/rooted", "hardlink:/srv/linked/secret",
	"/var/lib/mnw/link", "hardlink:/srv/linked/secret",
	"/var/lib/mnw/app.env", "symlink:/srv/canary/secret",
	"/var/lib/mnw/app.env", "fifo",
	"/home/mallory/seed.env", "symlink:/srv/canary/secret",
	"/home/mallory/seed.env", "hardlink:/srv/linked/secret",
	"/home/mallory/.ssh", "symlink:/srv/canary/ssh",
	"/home/mallory/.ssh/authorized_keys", "hardlink:/srv/linked/secret",
	"/home/mallory/.ssh/authorized_keys", "symlink:/srv/canary/ssh/authorized_keys",
}

// turn is a manifest of what root manages there, another one for each turn.
func turn(n int) string {
	pick := func(choices ...string) string { return choices[n%len(choices)] }
	return fmt.Sprintf(`version: 1
directories:
  /var/lib/mnw/dir: {owner: mallory, mode: %s}
files:
  /var/lib/mnw/dir/conf: {content: "turn %d\n", owner: %s, mode: %s}
  /var/lib/mnw/dir/gone: %s
  /var/lib/mnw/mode: {mode: %s}
  /var/lib/mnw/owner: {owner: %s}
  /var/lib/mnw/lines: {lines: [turn %d], owner: mallory, mode: 0644}
  /var/lib/mnw/rooted: {content: "turn %d\n", owner: root, mode: 0600}
symlinks:
  /var/lib/mnw/link: {target: turn-%d, owner: mallory}
env_files:
  /var/lib/mnw/app.env: %s
authorized_keys:
  mallory: {keys: {max: {key: %s, state: %s}}}
`, pick("0755", "0750"), n, pick("mallory", "root"), pick("0640", "0600", "0644"),
		pick(`{content: here, owner: mallory}`, `{state: absent}`), pick("0600", "0640"), pick("mallory", "root"), n, n, n,
		pick(`{seed: /home/mallory/seed.env, owner: mallory, set: {TURN: "one"}}`, `{owner: mallory, set: {TURN: "two"}}`, `{state: absent}`),
		keyOfMax, pick("present", "absent"))
}

// Whatever mallory swaps while root works in mallory's directories: nothing
// outside is written, changed or read to where mallory can read it, and what is
// refused names the step.
func TestRaces(t *testing.T) {
	t.Parallel()
	const turns, rounds = 6, 300
	m := hostile(t)
	m.Install("test/swapper", "/usr/local/bin/swapper")
	for n := range turns {
		m.WriteFile(fmt.Sprintf("/root/turn-%d.yaml", n), turn(n), 0o600)
	}
	before := outside(t, m)
	// CAP_FOWNER is for hard links to what mallory does not own: many a system has
	// fs.protected_hardlinks off, but this one may not.
	m.Must(append([]string{"systemd-run", "--quiet", "--unit=swapper", "--uid=mallory", "--property=AmbientCapabilities=CAP_FOWNER",
		"/usr/local/bin/swapper"}, swapped...)...)
	m.MustSh(fmt.Sprintf(`
for n in $(seq 0 %d); do
	if mnw-agent apply --diff --enforce /root/turn-$((n %% %d)).yaml; then echo; echo ROUND good; else code=$?; echo; echo ROUND $code; fi
done >/root/said 2>&1`, rounds-1, turns))
	m.Must("systemctl", "is-active", "swapper")
	m.Must("systemctl", "stop", "swapper")
	said := m.ReadFile("/root/said")

	if diff := before.Diff(outside(t, m)); diff != "" {
		t.Errorf("outside of mallory's directories:\n%s", diff)
	}
	if seen := m.Sh("runuser -u mallory -- grep -rlsF -D skip " + secretOfRoot + " /home /var /srv /tmp /etc /run /root /opt"); seen.Stdout != "" {
		t.Errorf("mallory can read a secret in %s", seen.Stdout)
	}
	if strings.Contains(said, secretOfRoot) {
		t.Error("a secret was shown: " + near(said, secretOfRoot))
	}
	good, refused := strings.Count(said, "ROUND good"), strings.Count(said, "ROUND 1\n")
	if good+refused != rounds || good == 0 || refused == 0 {
		t.Errorf("%d rounds went well and %d were refused, of %d", good, refused, rounds)
	}
	t.Logf("%d rounds went well, %d were refused", good, refused)
	for _, says := range []string{"/var/lib/mnw/dir/conf: the step dir is a symlink of user ", "there is a symlink in the way", "names and others may write to its directory"} {
		if !strings.Contains(said, says) {
			t.Errorf("no round was refused because %s", says)
		}
	}
	m.MustSh(furnished)
	for n := range turns { // left alone, it converges
		if result := m.Agent("apply", fmt.Sprintf("/root/turn-%d.yaml", n)); result.Code != 0 {
			t.Errorf("after the races: %s", result)
		}
	}
}

// outside is what mallory must not have changed through root: all of it, but the
// ctime of what mallory itself has made hard links to.
func outside(t *testing.T, m *boot.Machine) boot.Snapshot {
	t.Helper()
	all, err := boot.Look(m.Root() + "/srv/canary")
	linked, errLinked := boot.Look(m.Root() + "/srv/linked")
	etc, errEtc := boot.Look(m.Root() + "/etc")
	for _, err := range []error{err, errLinked, errEtc} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, entry := range linked {
		entry.Ctime = entry.Mtime
		all["/linked"+name] = entry
	}
	for name, entry := range etc {
		all["/etc"+name] = entry
	}
	return all
}

// near is the lines about a text.
func near(all, text string) string {
	at := strings.Index(all, text)
	return all[max(0, at-500):min(len(all), at+200)]
}
