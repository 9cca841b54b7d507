package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// What is right only in its place is accepted: a relative import, of a file that
// the same run makes, with a variable that only caddy's own environment has.
func TestRelativeImport(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	const manifest = `
units:
  caddy.service: {dropins: {port: {content: "[Service]\nEnvironment=SITE_PORT=8097\n"}}, active: true}
directories:
  /etc/caddy/sites: {}
files:
  /etc/caddy/sites/a.caddy: {content: "http://localhost:{$SITE_PORT} {\n\timport ../snippets/*\n}\n"}
  /etc/caddy/snippets/hello: {content: "respond hello\n", after: [directory:/etc/caddy/snippets]}
caddyfiles:
  /etc/caddy/Caddyfile: {content: "import sites/*.caddy\n"}
`
	const snippets = "  /etc/caddy/snippets: {}\n"
	text := strings.Replace(manifest, "directories:\n", "directories:\n"+snippets, 1)
	if result := run(m, text, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	if got := m.Must("curl", "-sS", "localhost:8097"); got != "hello" {
		t.Errorf("caddy serves %q", got)
	}

	// A file that is imported and not declared changes: caddy is reloaded, once.
	before := pid(m, "caddy")
	m.WriteFile("/etc/caddy/sites/b.caddy", "http://localhost:8096 {\n\trespond more\n}\n", 0o644)
	for _, want := range []string{"reload caddy.service: it runs with an older /etc/caddy/sites", "all as declared"} {
		if result := run(m, text, "apply"); result.Code != 0 || !strings.Contains(result.Stdout, want) {
			t.Errorf("want %q: %s", want, result)
		}
	}
	if got := m.Must("curl", "-sS", "localhost:8096"); got != "more" {
		t.Errorf("caddy serves %q", got)
	}
	if pid(m, "caddy") != before {
		t.Error("caddy was restarted, not reloaded")
	}
}

// A fault that was there before is somebody else's: it is told and stops
// nothing. One that the manifest adds to it is still refused.
func TestForeignFault(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.WriteFile("/etc/sudoers.d/foreign", "daemon ALL=(root NOPASSWD: ALL\n", 0o440)
	result := run(m, `
sudoers:
  ours: {content: "bin ALL=(root) NOPASSWD: /bin/true\n"}
`, "apply")
	if result.Code != 0 || !strings.Contains(result.Stdout, "visudo finds fault with this node as it is, before any change") ||
		!strings.Contains(result.Stdout, "/etc/sudoers.d/foreign:1") {
		t.Errorf("with a foreign fault: %s", result)
	}
	m.MustSh("test -e /etc/sudoers.d/ours")

	result = run(m, `
sudoers:
  ours: {content: "bin ALL=(root) NOPASSWD: /bin/true\n"}
  worse: {content: "bin ALL=(root NOPASSWD: /bin/true\n"}
`, "apply")
	if result.Code != 1 || !strings.Contains(result.Stdout, "sudoers:worse: visudo refuses: /etc/sudoers.d/worse:1") ||
		strings.Contains(result.Stdout, "sudoers:ours: visudo refuses") {
		t.Errorf("with a fault of our own: %s", result)
	}
	m.MustSh("! test -e /etc/sudoers.d/worse")
}

// A judge that is not on the node is an error that names its package.
func TestMissingJudge(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.MustSh("mv /usr/bin/caddy /usr/bin/caddy.away")
	result := run(m, `
files:
  /srv/beside: {content: x}
caddyfiles:
  /etc/caddy/Caddyfile: {content: ":8099\n"}
`, "apply")
	if result.Code != 1 || !strings.Contains(result.Stdout, "install the package caddy") {
		t.Error(result)
	}
	m.MustSh("! test -e /srv/beside")
}

// The judges rule on the node as a whole: what is refused need not be in the
// file that is written.
func TestJudgedAsAWhole(t *testing.T) {
	t.Parallel()
	m := ready(t)
	for _, c := range []struct {
		what, before, manifest string
		says                   []string
	}{
		{"an alias that nobody defines, of which visudo -c alone only warns", "visudo -c",
			"sudoers: {ours: {content: \"NOBODYS ALL=(root) ALL\\n\"}}\n",
			[]string{"sudoers:ours: visudo refuses:", `User_Alias "NOBODYS" referenced but not defined`}},
		{"an alias that goes, and that another drop-in needs", `
cd /etc/sudoers.d; echo 'Cmnd_Alias TOOLS = /bin/true' >tools; echo 'daemon ALL=(root) TOOLS' >user-of-tools; chmod 0440 tools user-of-tools`,
			"sudoers: {tools: {state: absent}}\n",
			[]string{"sudoers:tools: visudo refuses:", `Cmnd_Alias "TOOLS" referenced but not defined`}},
		{"a file that a Caddyfile imports, which itself stays as it is", `
mkdir /etc/caddy/sites; echo 'import sites/*.caddy' >/etc/caddy/Caddyfile; printf 'http://localhost:8098 {\n}\n' >/etc/caddy/sites/a.caddy; systemctl reload caddy`,
			"caddyfiles: {/etc/caddy/Caddyfile: {}}\nfiles: {/etc/caddy/sites/b.caddy: {content: \"http://localhost:8099 {\\n\\tgarbage\\n}\\n\"}}\n",
			[]string{"caddyfile:/etc/caddy/Caddyfile: caddy refuses:", "/etc/caddy/sites/b.caddy:2", "unrecognized directive: garbage"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			m := m.For(t)
			m.MustSh(c.before)
			before := m.Snapshot(stateDir, manifestPath)
			result := run(m, c.manifest, "apply")
			for _, text := range c.says {
				if result.Code != 1 || !strings.Contains(result.Stdout, text) {
					t.Errorf("want exit 1 and %q: %s", text, result)
				}
			}
			if diff := before.Diff(m.Snapshot(stateDir, manifestPath)); diff != "" {
				t.Errorf("the refused run has changed:\n%s", diff)
			}
		})
	}
}

// Files on a disk of their own are judged in their places, too; and where the
// kernel refuses a preview in a namespace, in a copied tree, which is told.
func TestJudgedWherever(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const bad = `
sudoers: {bad: {content: "daemon ALL=(root NOPASSWD: ALL\n"}}
caddyfiles: {/etc/caddy/Caddyfile: {content: "localhost:8099 {\n\tgarbage\n}\n"}}
units: {bad.service: {content: "[Service]\nExecStart=/bin/true\nRestrat=always\n"}}
`
	good := strings.NewReplacer("(root ", "(root) ", "garbage", "respond hello", "Restrat=always", "Restart=no").Replace(bad)
	refusals := []string{"sudoers:bad: visudo refuses:", "Caddyfile: caddy refuses:", "bad.service: systemd-analyze refuses:"}
	const copied = "note: judged in a copied tree"
	for _, c := range []struct {
		where  string
		before string
		run    []string
		told   bool
	}{
		{"in a service without namespaces", "", []string{"systemd-run", "--quiet", "--pipe", "--wait", "--property=RestrictNamespaces=yes"}, true},
		{"in a service without CAP_SYS_ADMIN", "", []string{"systemd-run", "--quiet", "--pipe", "--wait", "--property=CapabilityBoundingSet=~CAP_SYS_ADMIN"}, true},
		{"on other mounts", `mount -t tmpfs -o mode=0755 none /etc/sudoers.d
cp -a /etc/caddy /srv/caddy; mount --bind /srv/caddy /etc/caddy; mount -t tmpfs -o mode=0755 none /etc/systemd/system`, nil, false},
	} {
		t.Run(c.where, func(t *testing.T) {
			m := m.For(t)
			m.MustSh(c.before + "\n:")
			plan := append(c.run, boot.AgentPath, "plan", manifestPath)
			m.WriteFile(manifestPath, "version: 1\n"+bad, 0o600)
			result := m.Run(plan...)
			for _, refusal := range refusals {
				if result.Code != 1 || !strings.Contains(result.Stdout, refusal) {
					t.Errorf("want exit 1 and %q: %s", refusal, result)
				}
			}
			m.WriteFile(manifestPath, "version: 1\n"+good, 0o600)
			result = m.Run(plan...)
			if result.Code != 2 || !strings.Contains(result.Stdout, "The judges agree: ") {
				t.Errorf("want exit 2 and the judges to agree: %s", result)
			}
			if told := strings.Contains(result.Stdout, copied); told != c.told {
				t.Errorf("it tells of a copied tree: %t: %s", told, result)
			}
		})
	}
}
