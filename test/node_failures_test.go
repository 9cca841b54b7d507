package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// failures are resources that cannot be made as declared. Each has a dependent,
// which is skipped, and says what is wrong and what to do: mend does it. Units that
// do not come up are another matter: see node_gates_test.go.
var failures = []struct {
	what   string
	before string // a script
	id     string
	fields string
	says   []string
	mend   string // a script
}{
	{"a masked unit", `ln -s /dev/null /etc/systemd/system/masked.service; systemctl daemon-reload`,
		"unit:masked.service", `{active: true}`,
		[]string{"the unit is masked by /etc/systemd/system/masked.service: declare masked: false as well"},
		`rm /etc/systemd/system/masked.service; printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/masked.service`},
	{"a user with a process", `
useradd --create-home busy; mkdir /srv/busy; chown busy /srv/busy
systemd-run --quiet --unit=busy-process --uid=busy sleep infinity`,
		"user:busy", `{home: /srv/busy}`,
		[]string{"its home cannot change while it has processes: ", "(sleep): stop them and apply again"},
		`systemctl stop busy-process`},
	{"a file in the way of a directory", `echo precious >/srv/in-the-way`,
		"directory:/srv/in-the-way", `{}`,
		[]string{"there is a file in the way, not a directory: move it away"},
		`mv /srv/in-the-way /srv/moved-away`},
	{"a mount on the file", `echo below >/etc/mounted.conf; echo above >/tmp/above; mount --bind /tmp/above /etc/mounted.conf`,
		"file:/etc/mounted.conf", `{content: new}`,
		[]string{"something is mounted there: unmount it, or leave it out of the manifest"},
		`umount /etc/mounted.conf`},
	{"a mount below a directory that goes", `
mkdir -p /srv/goes/mounted /srv/precious; echo precious >/srv/precious/db; mount --bind /srv/precious /srv/goes/mounted`,
		"directory:/srv/goes", `{state: absent, recursive: true}`,
		[]string{"something is mounted at /srv/goes/mounted: unmount it first"},
		`test "$(cat /srv/precious/db)" = precious; umount /srv/goes/mounted`},
	{"an immutable file", `echo old >/etc/immutable.conf; chattr +i /etc/immutable.conf`,
		"file:/etc/immutable.conf", `{content: new}`,
		[]string{"immutable (see lsattr; chattr -i undoes it)"},
		`chattr -i /etc/immutable.conf`},
	{"a directory that only grows", `mkdir /srv/append; echo old >/srv/append/file; chattr +a /srv/append`,
		"file:/srv/append/file", `{content: new}`,
		[]string{"chattr -"},
		`chattr -a /srv/append`},
	{"a mount that is read-only", `mkdir /srv/read-only; mount -t tmpfs -o ro none /srv/read-only`,
		"file:/srv/read-only/file", `{content: new}`,
		[]string{"mount it writable and apply again"},
		`mount -o remount,rw /srv/read-only`},
	{"a full disk", `mkdir /srv/full; mount -t tmpfs -o size=4k none /srv/full; echo old >/srv/full/file`,
		"file:/srv/full/file", `{content: "` + strings.Repeat("0123456789", 1000) + `"}`,
		[]string{"make room and apply again"},
		`mount -o remount,size=1m /srv/full`},
	{"an owner whom nobody knows", "",
		"file:/srv/unowned", `{content: x, owner: nosuchuser}`,
		[]string{`chown: no user "nosuchuser"`},
		`useradd nosuchuser`},
	{"a link that a user has planted", `mkdir -p /srv/theirs; chown daemon /srv/theirs; runuser -u daemon -- ln -s /etc /srv/theirs/link`,
		"file:/srv/theirs/link/planted.conf", `{content: x}`,
		[]string{"the step link is a symlink of user 1 to /etc, which belongs to user 0: refused", "let root own the link"},
		`rm /srv/theirs/link`},
	{"a user whom cron does not allow", `useradd denied; echo denied >/etc/cron.deny; echo root >>/etc/cron.deny`,
		"crontab:denied", `{jobs: {j: {schedule: "@daily", command: /bin/true}}}`,
		[]string{"cron.deny"},
		`rm /etc/cron.deny`},
}

// What fails is told, what depends on it is skipped by name, and everything
// else converges. When the node is mended, the same manifest goes on.
func TestFailures(t *testing.T) {
	t.Parallel()
	m := ready(t)
	manifest := failing()
	for _, f := range failures {
		m.MustSh(f.before + "\n:")
	}
	outcomes := apply(t, m, manifest, 1)
	for i, f := range failures {
		t.Run(f.what, func(t *testing.T) {
			failed(t, outcomes, f.id, f.says)
			dependent := outcomes[fmt.Sprintf("file:/srv/dependent-%d", i)]
			if dependent.Outcome != agent.OutcomeSkipped || !strings.HasSuffix(dependent.Because, strings.TrimPrefix(f.id, "unit:")) {
				t.Errorf("what depends on it is %s because of %q: %s", dependent.Outcome, dependent.Because, dependent.Error)
			}
			m.For(t).MustSh(fmt.Sprintf("! test -e /srv/dependent-%d; test -e /srv/other-%d", i, i))
		})
	}
	m.MustSh("test $(cat /srv/in-the-way) = precious; test $(cat /etc/mounted.conf) = above; test $(cat /etc/immutable.conf) = old; test $(cat /srv/full/file) = old; test $(ls -A /srv/append) = file; test $(ls -A /srv/full) = file; ! test -e /etc/planted.conf")

	for _, f := range failures {
		m.MustSh(f.mend + "\n:")
	}
	outcomes = apply(t, m, manifest, 0)
	for i, f := range failures {
		dependent := outcomes[fmt.Sprintf("file:/srv/dependent-%d", i)]
		if dependent.Outcome != agent.OutcomeChanged {
			t.Errorf("%s, mended: what depends on it is %s: %s", f.what, dependent.Outcome, dependent.Error)
		}
	}
}

// failing declares the failures, a dependent of each, and as many files that
// depend on nothing.
func failing() string {
	sections := map[string]string{}
	for i, f := range failures {
		kind, name, _ := strings.Cut(f.id, ":")
		section := strings.Replace(kind+"s", "directorys", "directories", 1)
		sections[section] += fmt.Sprintf("  %s: %s\n", name, f.fields)
		sections["files"] += fmt.Sprintf("  /srv/dependent-%d: {content: x, after: [\"%s\"]}\n  /srv/other-%d: {content: x}\n", i, f.id, i)
	}
	manifest := ""
	for section, entries := range sections {
		manifest += section + ":\n" + entries
	}
	return manifest
}

// apply applies a manifest, which ends with a status, and returns what is
// reported of each resource.
func apply(t *testing.T, m *boot.Machine, manifest string, status int) map[string]agent.ResourceReport {
	t.Helper()
	result := run(m, manifest, "apply", "--json")
	if result.Code != status {
		t.Errorf("apply: %s", result)
	}
	all := map[string]agent.ResourceReport{}
	for _, r := range report(t, result).Resources {
		all[r.ID] = r
	}
	return all
}

// failed fails unless a resource, or the run of the unit, has failed and says so.
func failed(t *testing.T, outcomes map[string]agent.ResourceReport, id string, says []string) {
	t.Helper()
	ids := []string{id, "run:" + strings.TrimPrefix(id, "unit:")}
	at := slices.IndexFunc(ids, func(id string) bool { return outcomes[id].Outcome == agent.OutcomeFailed })
	if at < 0 {
		t.Errorf("%s has not failed: %+v", id, outcomes[id])
		return
	}
	for _, text := range says {
		if got := outcomes[ids[at]].Error; !strings.Contains(got, text) {
			t.Errorf("it does not say %q, but %s", text, got)
		}
	}
}

// A unit that fails does not keep other units from running with what they should.
func TestOtherUnits(t *testing.T) {
	t.Parallel()
	m := ready(t)
	m.MustSh(`
printf '[Service]\nExecStart=/bin/sleep infinity\n' | tee /etc/systemd/system/fine.service /etc/systemd/system/t@.service >/etc/systemd/system/bad.service
systemctl daemon-reload`)
	result := run(m, `units: {fine.service: {active: true}, bad.service: {masked: true}, t@.service: {masked: true}, t@1.service: {active: true}}
`, "apply")
	if result.Code != 1 || !strings.Contains(result.Stdout, "unit:bad.service: it cannot be masked") {
		t.Fatal(result)
	}
	m.MustSh("systemctl is-active fine; ! systemctl is-active t@1")
}

// What is not as declared after all changes has failed, and is told with what is
// still to be done: here a service rewrites a file of the manifest as it starts.
func TestDoesNotConverge(t *testing.T) {
	t.Parallel()
	m := ready(t)
	outcomes := apply(t, m, `files: {/srv/state: {content: "ours\n"}}
env_files: {/etc/writer.env: {secrets: {WORD: "theirs, a secret"}}}
units:
  writer.service:
    content: "[Service]\nType=exec\nEnvironmentFile=/etc/writer.env\nExecStart=/bin/sh -c 'echo $$WORD >/srv/state; exec sleep infinity'\n"
    active: true
    after: [file:/srv/state]
`, 1)
	failed(t, outcomes, "file:/srv/state", []string{"it did not converge: after the changes there is still to do: change file /srv/state: content"})
	left := outcomes["file:/srv/state"].Changes
	if len(left) != 1 || !strings.Contains(left[0].Diff, "\n-(hidden)\n+ours\n") {
		t.Errorf("still to be done: %+v", left)
	}
	if state := m.ReadFile("/srv/state"); state != "theirs, a secret\n" {
		t.Errorf("the file holds %q", state)
	}
}
