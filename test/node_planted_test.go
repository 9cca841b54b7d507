package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// odd is what lies in the place of something that is managed, as a script makes
// it at $at, and the words for it.
var odd = []struct{ what, make, says string }{
	{"fifo", `mkfifo -m 0666 "$at"`, "fifo"},
	{"socket", `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(shift)) or die' "$at"`, "socket"},
	{"device", `mknod -m 0666 "$at" c 1 5`, "device"},
	{"hardlink", `ln /etc/shadow "$at"`, ""},
	{"symlink", `ln -s /etc/shadow "$at"`, "link"},
	{"directory", `mkdir "$at"; echo theirs >"$at/file"`, "a directory"},
	// The last name of a file that root has replaced meanwhile, or another one
	// that mallory has renamed.
	{"lastname", `cp -p /etc/shadow "$at"`, ""},
}

// managed is what root manages, and which of the odd ones are no error in its
// place: those of the declared kind, and a directory that replace lets go.
var managed = []struct{ what, section, fields, fine string }{
	{"content", "files", `{content: "mine\n"}`, "lastname"},
	{"mode", "files", `{mode: 0644, owner: mallory}`, ""},
	{"lines", "files", `{lines: [mine], owner: mallory}`, ""},
	{"replace", "files", `{replace: {root: toor}, owner: mallory}`, ""},
	{"sensitive", "files", `{content: "mine\n", sensitive: true}`, "lastname"},
	{"env", "env_files", `{set: {A: b}, owner: mallory}`, ""},
	{"caddy", "caddyfiles", `{replace: {root: toor}, owner: mallory}`, ""},
	{"link", "symlinks", `{target: elsewhere}`, "symlink"},
	{"replaced", "symlinks", `{target: elsewhere, replace: true}`, "symlink directory lastname"},
	{"dir", "directories", `{owner: mallory, mode: 0755}`, "directory"},
}

var singular = map[string]string{"files": "file", "env_files": "env_file", "caddyfiles": "caddyfile", "symlinks": "symlink",
	"directories": "directory", "authorized_keys": "authorized_keys"}

// planted lays out the odd ones in mallory's directory and in the homes of some
// users, and returns a manifest of what should be there, with the words with
// which each resource is to be refused.
func planted(m *boot.Machine) (manifest string, says map[string]string) {
	sections, says := map[string]string{}, map[string]string{}
	declare := func(section, name, fields, words string) {
		sections[section] += fmt.Sprintf("  %s: %s\n", name, fields)
		says[singular[section]+":"+name] = words
	}
	script := ""
	var users []string // are made first: useradd makes a new /etc/shadow each time
	put := func(at, make string) { script += "at=" + at + "; " + make + "\n" }
	for _, o := range odd {
		for _, k := range managed {
			if strings.Contains(k.fine, o.what) {
				continue
			}
			at := "/var/lib/mnw/" + k.what + "-" + o.what
			put(at, o.make)
			declare(k.section, at, k.fields, o.says)
		}
		seed := "/var/lib/mnw/seed-" + o.what
		put(seed, o.make)
		declare("env_files", "/etc/seeded-"+o.what, "{seed: "+seed+", set: {A: b}, mode: 0644}", "")
		for _, place := range []string{".ssh", ".ssh/authorized_keys"} {
			user := "u" + fmt.Sprint(len(place)) + o.what
			if o.what == "directory" && place == ".ssh" {
				continue
			}
			users = append(users, user)
			if place != ".ssh" {
				script += fmt.Sprintf("install -d -o %s -m 0700 /home/%[1]s/.ssh\n", user)
			}
			put("/home/"+user+"/"+place, o.make)
			declare("authorized_keys", user, "{keys: {max: "+keyOfMax+"}}", "/home/"+user+"/"+place)
		}
	}
	m.MustSh("for user in " + strings.Join(users, " ") + "; do useradd --create-home $user; done\nusermod --password " + secretOfRoot + " mallory\n" + script + "chown -h mallory /var/lib/mnw/*-fifo /var/lib/mnw/*-socket /var/lib/mnw/*-device /var/lib/mnw/*-symlink")
	for section, entries := range sections {
		manifest += section + ":\n" + entries
	}
	return manifest, says
}

// What lies in the place of a managed thing and is not of its kind, or may be
// another file, is refused by plan and by apply, and nothing is changed.
func TestPlanted(t *testing.T) {
	t.Parallel()
	m := hostile(t)
	manifest, says := planted(m)
	before := m.Snapshot(stateDir, manifestPath)
	for _, verb := range []string{"plan", "apply"} {
		result := run(m, manifest, verb, "--json")
		if result.Code != 1 || strings.Contains(result.Stdout+result.Stderr, secretOfRoot) {
			t.Errorf("%s: %s", verb, result)
		}
		refused := 0
		for _, r := range report(t, result).Resources {
			words, ours := says[r.ID]
			if !ours {
				continue // a unit's run
			}
			_, name, _ := strings.Cut(r.ID, ":")
			if r.Outcome != agent.OutcomeFailed || !strings.Contains(r.Error, words) || !strings.Contains(r.ID+r.Error, name) || len(r.Changes) > 0 {
				t.Errorf("%s: %s is %s: %s %v", verb, r.ID, r.Outcome, r.Error, r.Changes)
			}
			refused++
		}
		if refused != len(says) {
			t.Errorf("%s: %d of %d are reported", verb, refused, len(says))
		}
	}
	if diff := before.Diff(m.Snapshot(stateDir, manifestPath)); diff != "" {
		t.Errorf("it has changed the node:\n%s", diff)
	}
	t.Logf("%d things in the wrong place", len(says))

	// Names may go: what they are names of stays.
	gone := "files:\n  /var/lib/mnw/content-hardlink: {state: absent}\ndirectories:\n  /var/lib/mnw: {state: absent, recursive: true}\n"
	shadow := m.MustSh("stat -c '%a %U %s %y' /etc/shadow; sha256sum /etc/shadow")
	result := run(m, gone, "apply", "--diff")
	if result.Code != 0 || strings.Contains(result.Stdout, secretOfRoot) {
		t.Errorf("what is to go: %s", result)
	}
	if now := m.MustSh("stat -c '%a %U %s %y' /etc/shadow; sha256sum /etc/shadow; ! test -e /var/lib/mnw"); now != shadow {
		t.Errorf("/etc/shadow was %s, and is %s", shadow, now)
	}
}

// writable is what others may write to, and that root is told to trust. Each
// script begins where nothing is wrong; $dir is mallory's.
var writable = []struct {
	what, script string
	args         []string
	code         int
	says         string
}{
	{"a manifest", "chmod 0666 /root/m/m.yaml", nil, 64, "/root/m/m.yaml: it may be written by others (mode 0666): chmod go-w"},
	{"a manifest of mallory", "chown mallory /root/m/m.yaml", nil, 64, "belongs to user 1000"},
	{"a directory of the manifest", "chmod 0777 /root/m", nil, 64, "the directory /root/m may be written by others (mode 0777): chmod go-w /root/m"},
	{"a manifest in mallory's directory", "cp -r /root/m /home/mallory/m", []string{"/home/mallory/m/m.yaml"}, 64, "the directory /home/mallory belongs to user 1000"},
	{"a manifest through mallory's link", "runuser -u mallory -- ln -s /etc/motd.yaml /home/mallory/m.yaml; cp /root/m/m.yaml /etc/motd.yaml", []string{"/home/mallory/m.yaml"}, 64, "mallory"},
	{"a manifest that is a pipe", "rm /root/m/m.yaml; mkfifo /root/m/m.yaml", nil, 64, "it is a named pipe, not a file"},
	{"a source", "chmod 0664 /root/m/source", nil, 64, "/root/m/source: it may be written by others (mode 0664)"},
	{"a source of mallory", "chown mallory /root/m/source", nil, 64, "/root/m/source: it belongs to user 1000"},
	{"a source through mallory's link", "rm /root/m/source; runuser -u mallory -- ln -s /etc/shadow /home/mallory/s; ln -s /home/mallory/s /root/m/source", nil, 64, "the directory /home/mallory belongs to user 1000"},
	{"a source that is a pipe", "rm /root/m/source; mkfifo /root/m/source", nil, 64, "/root/m/source: it is a named pipe, not a file"},
	{"a template", "chmod 0606 /root/m/template", nil, 64, "/root/m/template: it may be written by others (mode 0606)"},
	{"a template's directory", "mkdir /root/m/open; cp /root/m/template /root/m/open; chmod 0777 /root/m/open; sed -i s,template:.template,'template: open/template', /root/m/m.yaml", nil, 64, "the directory /root/m/open may be written by others"},
	{"a state directory", "chmod 0777 " + stateDir, nil, 1, "state directory " + stateDir + ": others may write to it (mode 0777, user 0): make it 0700 and your own"},
	{"a state directory of mallory", "chown mallory " + stateDir, nil, 1, "state directory " + stateDir + ": others may write to it (mode 0700, user 1000)"},
	{"a state directory in mallory's", "mkdir -m 0700 /home/mallory/state", []string{"--state-dir=/home/mallory/state"}, 1, "the directory /home/mallory belongs to user 1000"},
	{"a state directory to be made in mallory's", ":", []string{"--state-dir=/home/mallory/a/b"}, 1, "the directory /home/mallory belongs to user 1000"},
	{"a state directory through mallory's link", "mkdir -m 0700 /srv/state; ln -s /home/mallory/link /srv/via; runuser -u mallory -- ln -s /srv/state /home/mallory/link", []string{"--state-dir=/srv/via"}, 1, "the directory /home/mallory belongs to user 1000"},
	{"a state directory's directory", "mkdir -m 0777 /srv/open; chmod 0777 /srv/open", []string{"--state-dir=/srv/open/state"}, 1, "the directory /srv/open may be written by others (mode 0777)"},
}

// What others may write to is not believed, by plan or apply, and nothing is
// touched.
func TestWritableByOthers(t *testing.T) {
	t.Parallel()
	m := hostile(t)
	const manifest = "version: 1\nfiles:\n  /etc/one: {source: source}\n  /etc/two: {template: template}\nsudoers:\n  three: {content: \"root ALL=(ALL) ALL\\n\"}\n"
	for _, w := range writable {
		t.Run(w.what, func(t *testing.T) {
			m := m.For(t)
			m.MustSh("rm -rf /root/m /srv/state /srv/open /srv/via /home/mallory/*; mkdir -m 0755 /root/m; chown root " + stateDir + "; chmod 0700 " + stateDir)
			m.WriteFile("/root/m/m.yaml", manifest, 0o644)
			m.WriteFile("/root/m/source", "source\n", 0o644)
			m.WriteFile("/root/m/template", "template\n", 0o644)
			m.MustSh(w.script)
			args := w.args
			if len(args) == 0 || strings.HasPrefix(args[0], "-") {
				args = append(args, "/root/m/m.yaml")
			}
			before := m.Snapshot("/usr")
			for _, verb := range []string{"plan", "apply"} {
				if result := m.Agent(append([]string{verb}, args...)...); result.Code != w.code || !strings.Contains(result.Stderr, w.says) {
					t.Errorf("%s: want exit %d and %q: %s", verb, w.code, w.says, result)
				}
			}
			if diff := before.Diff(m.Snapshot("/usr")); diff != "" {
				t.Errorf("it has touched the node:\n%s", diff)
			}
		})
	}
}
