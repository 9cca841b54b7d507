package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// needSystemd skips where the tools of the version that this package holds to
// are not installed.
func needSystemd(t *testing.T, tool string) {
	t.Helper()
	out, err := exec.Command(tool, "--version").Output()
	if err != nil || !strings.HasPrefix(string(out), "systemd 252 ") {
		t.Skipf("needs %s 252 (Debian 12)", tool)
	}
}

// systemctl runs it on the tree and returns what it says. Enabling exits 0 in
// some cases in which it has failed for one of several links.
func systemctl(d dirTree, args ...string) (string, error) {
	out, err := exec.Command("systemctl", append([]string{"--root=" + d.root}, args...)...).CombinedOutput()
	if err == nil && strings.Contains(string(out), "Failed to enable unit, ") {
		err = errors.New("failed in part")
	}
	return string(out), err
}

// notBegun is what systemctl says when it stumbles over a wrong alias of that
// name already while it looks for init scripts, before its task.
const notBegun = "Failed to look up unit file state"

// sameAsSystemctl holds this package to systemctl for one unit, through
// enabling and disabling it.
func sameAsSystemctl(t *testing.T, d dirTree, name string) {
	t.Helper()
	sameState(t, d, name)

	before := d.links("/etc")
	want, wantErr := EnableLinks(d, name)
	said, err := systemctl(d, "enable", name)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("enable %s: systemctl %v: %s\nwe say: %v\n%s", name, err, said, wantErr, d)
	}
	if err == nil {
		expect := maps.Clone(before)
		maps.Copy(expect, want)
		if got := d.links("/etc"); !maps.Equal(got, expect) {
			t.Fatalf("enable %s: systemctl made\n%v\nwe say\n%v\nsaid: %s\n%s", name, got, expect, said, d)
		}
		sameState(t, d, name)
		if again, err := EnableLinks(d, name); err != nil || len(again) > 0 {
			t.Fatalf("enable %s again: %v, %v\n%s", name, again, err, d)
		}
	}

	before = d.links("/etc")
	remove, wantErr := DisableLinks(d, name)
	if wantErr != nil {
		t.Fatalf("disable %s: %v", name, wantErr)
	}
	said, _ = systemctl(d, "disable", name)
	if strings.Contains(said, notBegun) {
		return
	}
	maps.DeleteFunc(before, func(link, _ string) bool { return slices.Contains(remove, link) })
	if got := d.links("/etc"); !maps.Equal(got, before) {
		t.Fatalf("disable %s: systemctl left\n%v\nwe say\n%v\nsaid: %s\n%s", name, got, before, said, d)
	}
	sameState(t, d, name)
}

func sameState(t *testing.T, d dirTree, name string) {
	t.Helper()
	out, err := exec.Command("systemctl", "--root="+d.root, "is-enabled", name).Output()
	if exit, ok := err.(*exec.ExitError); ok && strings.Contains(string(exit.Stderr), notBegun) {
		return
	}
	want := State(strings.TrimSpace(string(out)))
	got, err := FileState(d, name)
	if got != want {
		t.Fatalf("is-enabled %s: systemctl says %q, we say %q, %v\n%s", name, want, got, err, d)
	}
	if want == "" && err == nil {
		t.Fatalf("is-enabled %s: no error", name)
	}
}

func TestSystemctl(t *testing.T) {
	needSystemd(t, "systemctl")
	for title, c := range enablements {
		for _, unit := range c.units {
			t.Run(title+"/"+unit, func(t *testing.T) {
				sameAsSystemctl(t, newTree(t, c.files), unit)
			})
		}
	}
}

// TestSystemctlGenerated does the same with trees thrown together at random.
func TestSystemctlGenerated(t *testing.T) {
	needSystemd(t, "systemctl")
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 252))
			d := newTree(t, randomFiles(r))
			for _, unit := range randomNames {
				sameAsSystemctl(t, d, unit)
			}
		})
	}
}

var randomNames = []string{"a.service", "b.service", "t@.service", "t@x.service", "u@y.service", "a.socket", "m.target"}

// randomFiles are unit files, links and drop-ins under a few names, so that
// they get into each other's way.
func randomFiles(r *rand.Rand) map[string]string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	name := func() string { return pick(randomNames...) }
	dir := func() string {
		return pick("/etc/systemd/system/", "/run/systemd/system/", "/usr/lib/systemd/system/", "/usr/lib/systemd/system/",
			"/run/systemd/generator/", "/opt/")
	}
	install := func() string {
		text := "[Install]\n"
		for range r.IntN(4) {
			text += pick("WantedBy", "WantedBy", "RequiredBy", "Alias", "Also", "DefaultInstance") + "=" +
				pick("", "x", name(), name(), "n.target", "%p.target", "w@.target", "%i.service") + "\n"
		}
		return text
	}
	files := map[string]string{}
	for range 2 {
		files["/usr/lib/systemd/system/"+name()] = "[Unit]\n" + install()
	}
	for range 4 + r.IntN(6) {
		p := dir() + pick("", "", name()+".wants/", name()+".requires/", name()+".d/") + name()
		files[p] = pick("[Unit]\nDescription=x\n"+install(), "-> "+pick("", "../", dir())+name(), "-> /dev/null", "[Unit]\n"+install())
		if strings.Contains(p, ".d/") {
			delete(files, p)
			files[p+".conf"] = install()
		}
	}
	return files
}

func TestStateErrors(t *testing.T) {
	d := newTree(t, nil)
	if _, err := FileState(d, "no.service"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := EnableLinks(d, "no.service"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, stateErr := FileState(d, "no such name")
	_, enableErr := EnableLinks(d, "no such name")
	_, disableErr := DisableLinks(d, "no such name")
	for _, err := range []error{stateErr, enableErr, disableErr} {
		if !errors.Is(err, errInvalidName) {
			t.Error(err)
		}
	}
}
