package boot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	m := Node(t)

	m.WriteFile("/srv/new/tool", "#!/bin/sh\n", 0o4750, "caddy:crontab")
	if got := m.Must("stat", "-c", "%a %U:%G", "/srv/new", "/srv/new/tool"); got != "755 root:root\n4750 caddy:crontab" {
		t.Error(got)
	}
	m.WriteFile("/srv/new/tool", "again\n", 0o600)
	if got := m.Must("stat", "-c", "%a %U", "/srv/new/tool"); got != "600 caddy" {
		t.Error(got)
	}

	host := t.TempDir()
	if err := os.CopyFS(host, fstest.MapFS{
		"b/run":  {Data: []byte("#!/bin/sh\necho ran\n"), Mode: 0o700},
		"b/text": {Data: []byte("text"), Mode: 0o600},
		".dot":   {Data: []byte("dot"), Mode: 0o644},
	}); err != nil {
		t.Fatal(err)
	}
	m.Must("ln", "-s", "elsewhere", "/srv/b")
	m.Must("mkdir", "-m", "0700", "/srv/elsewhere")
	m.Put(host, "/srv")
	if got := m.Must("stat", "-c", "%a %n", "/srv/elsewhere", "/srv/b/run", "/srv/b/text"); got != "700 /srv/elsewhere\n755 /srv/b/run\n644 /srv/b/text" {
		t.Error(got)
	}
	if got := m.Must("/srv/b/run") + m.ReadFile("/srv/.dot"); got != "randot" {
		t.Error(got)
	}
}

// An absolute link inside a node leads to the node's files.
func TestFilesThroughLink(t *testing.T) {
	t.Parallel()
	m := Node(t)
	outside := filepath.Join(t.TempDir(), "file")
	m.Must("mkdir", "-p", filepath.Dir(outside))
	m.Must("ln", "-s", outside, "/srv/link")
	m.WriteFile("/srv/link", "inside", 0o644)
	if _, err := os.Stat(outside); err == nil {
		t.Error("a file of this machine was written")
	}
	if got := m.ReadFile("/srv/link"); got != "inside" {
		t.Errorf("got %q", got)
	}
}

// An idle node stays as it is: a difference between two looks is the doing of
// whoever acted between them.
func TestSnapshotOfIdleNode(t *testing.T) {
	t.Parallel()
	m := Node(t)
	start := time.Now()
	before := m.Snapshot()
	t.Logf("%d files in %s", len(before), time.Since(start))
	time.Sleep(3 * time.Second)
	if diff := before.Diff(m.Snapshot()); diff != "" {
		t.Errorf("an idle node changed:\n%s", diff)
	}
}

func TestSnapshotDiff(t *testing.T) {
	t.Parallel()
	m := Node(t)
	m.MustSh("touch /usr/keep; mkdir /srv/keep; cd /srv/keep; echo one >text; echo one >same; ln -s a link; mkfifo pipe; touch gone; touch mode owner")
	before := m.Snapshot("/usr")
	m.MustSh("cd /srv/keep; echo two >text; ln -sfn b link; rm gone; mkdir came; touch --no-create same; chmod 4755 mode; chown caddy owner; echo x >/usr/excepted; echo x >/run/excepted")
	diff := before.Diff(m.Snapshot("/usr"))

	for _, want := range []string{
		"+ /srv/keep/came drwxr-xr-x 0:0\n",
		"- /srv/keep/gone -rw-r--r-- 0:0 0 bytes\n",
		"~ /srv/keep mtime ",
		"~ /srv/keep/link target a => b",
		"~ /srv/keep/mode mode -rw-r--r-- => urwxr-xr-x, ctime ",
		"~ /srv/keep/owner uid 0 => ",
		"~ /srv/keep/same mtime ",
		"~ /srv/keep/text sha256 ",
	} {
		if !strings.Contains(diff, want) {
			t.Errorf("%q is not in\n%s", want, diff)
		}
	}
	if count := strings.Count(diff, "\n"); count != 8 {
		t.Errorf("%d lines:\n%s", count, diff)
	}

	m.MustSh("cd /srv/keep; echo one >text; ln -sfn a link; touch gone; rmdir came; chmod 0644 mode; chown root owner")
	if diff := before.WithoutTimes().Diff(m.Snapshot("/usr").WithoutTimes()); diff != "" {
		t.Errorf("after the way back:\n%s", diff)
	}
}

func TestExecs(t *testing.T) {
	t.Parallel()
	m := Node(t)
	_, alone := m.Execs("/bin/echo", "hello")
	if want := []string{"/bin/echo"}; !slices.Equal(alone, want) {
		t.Errorf("got %q, want %q", alone, want)
	}
	result, programs := m.Execs("sh", "-c", "/bin/true; no-such-program; (/bin/ls / & /bin/ls / & wait) >/dev/null; exit 3")
	slices.Sort(programs)
	if want := []string{"/bin/ls", "/bin/ls", "/bin/true", "/usr/bin/sh"}; !slices.Equal(programs, want) {
		t.Errorf("got %q, want %q", programs, want)
	}
	if result.Code != 3 {
		t.Errorf("the command ended with %s", result)
	}
}

func TestExecuted(t *testing.T) {
	const trace = `10 execve("/bin/sh", ["sh", "-c", "a = 0"], 0x7ff /* 6 vars */) = 0
11 execve("/usr/local/bin/a", ["a"], 0x5f0 /* 6 vars */) = -1 ENOENT (No such file or directory)
11 execve("/usr/bin/a", ["a"], 0x5f0 /* 6 vars */ <unfinished ...>
12 execveat(3, "", ["b"], 0x5f0 /* 6 vars */, AT_EMPTY_PATH) = 0
13 execve("/usr/bin/c", ["c"], 0x5f0 /* 6 vars */ <unfinished ...>
11 <... execve resumed>) = 0
13 <... execve resumed>) = -1 EACCES (Permission denied)
20 <... execve resumed>) = 0
`
	want := []string{"/bin/sh", "(no path)", "/usr/bin/a", "(executed by a thread)"}
	if got := executed(trace); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
