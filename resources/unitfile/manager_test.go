package unitfile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// managerDump is what the manager itself makes of a unit in a tree: the lines
// that "systemd-analyze verify" prints of it when debugging, "Key: value".
// Nil when the manager would not load it.
func managerDump(t *testing.T, d dirTree, name string) []string {
	t.Helper()
	for _, target := range []string{"sysinit", "basic", "shutdown"} {
		d.put(map[string]string{"/usr/lib/systemd/system/" + target + ".target": "[Unit]\nDefaultDependencies=no\n", "/tmp": "dir"})
	}
	cmd := exec.Command("systemd-analyze", "--man=no", "--root="+d.root, "verify", name)
	cmd.Env = append(os.Environ(), "SYSTEMD_LOG_LEVEL=debug", "SYSTEMD_LOG_TARGET=null")
	out, _ := cmd.Output()
	text := strings.ReplaceAll(string(out), d.root, "")
	if !strings.Contains(text, "-> Unit ") {
		return nil
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Trim(line, "\t\n"))
	}
	return lines
}

// pick are the values of a key in a dump.
func pick(dump []string, key string) []string {
	var out []string
	for _, line := range dump {
		if value, ok := strings.CutPrefix(line, key+": "); ok {
			out = append(out, value)
		}
	}
	return out
}

// pickCommands are the command lines of a key in a dump, quoted.
func pickCommands(dump []string, key string) []string {
	i := slices.Index(dump, "-> "+key+":")
	if i < 0 {
		return nil
	}
	j := i + 1
	for j < len(dump) && strings.HasPrefix(dump[j], "Command Line: ") {
		j++
	}
	return pick(dump[i+1:j], "Command Line")
}

// quoted is argv the way the dump shows it.
func quoted(argv []string) string {
	var out []string
	for _, arg := range argv {
		if arg == "" || strings.ContainsAny(arg, " \t\n\r\"\\`$*?['()<>|&;!") {
			arg = `"` + regexp.MustCompile("[\"\\\\`$]").ReplaceAllString(arg, `\$0`) + `"`
		}
		out = append(out, strings.NewReplacer("\b", `\b`, "\t", `\t`).Replace(arg))
	}
	return strings.Join(out, " ")
}

// sameAsManager holds Load to the manager for one unit. It reports whether the
// manager loads the unit at all.
func sameAsManager(t *testing.T, d dirTree, name string) bool {
	t.Helper()
	dump := managerDump(t, d, name)
	u, err := Load(d, name)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, got, want []string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %s: we say\n%q\nsystemd says\n%q\n%s", name, what, got, want, d)
		}
	}
	if dump == nil {
		return false
	}
	some := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	aliases := pick(dump, "Alias")
	slices.Sort(aliases)
	same("name", []string{"-> Unit " + u.Name + ":"}, dump[:1])
	same("aliases", u.Aliases, aliases)
	same("fragment", some(u.Fragment), pick(dump, "Fragment Path"))
	same("drop-ins", u.DropIns, pick(dump, "DropIn Path"))
	same("masked", []string{fmt.Sprint(u.Masked)}, []string{fmt.Sprint(slices.Contains(dump, "Unit Load State: masked"))})
	same("unset", u.UnsetEnvironment(), pick(dump, "UnsetEnvironment"))
	same("user", some(u.User()), pick(dump, "User"))
	same("group", some(u.Group()), pick(dump, "Group"))
	if u.Masked || !strings.HasSuffix(name, ".service") {
		return true
	}
	same("type", some(u.Type()), pick(dump, "Type"))
	same("environment", u.Environment(), pick(dump, "Environment"))
	remain := "no"
	if u.RemainAfterExit() {
		remain = "yes"
	}
	same("remain", some(remain), pick(dump, "RemainAfterExit"))
	var files []string
	for _, f := range u.EnvironmentFiles() {
		files = append(files, map[bool]string{true: "-", false: ""}[f.Optional]+f.Path)
	}
	same("environment files", files, pick(dump, "EnvironmentFile"))
	for _, key := range []string{"ExecStartPre", "ExecStart", "ExecReload", "ExecStop"} {
		var lines []string
		for _, c := range u.Commands(key) {
			lines = append(lines, quoted(c.Argv))
		}
		same(key, lines, pickCommands(dump, key))
	}
	return true
}

func TestManager(t *testing.T) {
	needSystemd(t, "systemd-analyze")
	for title, c := range layouts {
		d := newTree(t, c.files)
		for _, unit := range c.units {
			t.Run(title+"/"+unit, func(t *testing.T) { sameAsManager(t, d, unit) })
		}
	}
}

// TestManagerGenerated does the same for settings thrown together at random.
func TestManagerGenerated(t *testing.T) {
	needSystemd(t, "systemd-analyze")
	loaded := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 252))
		d := newTree(t, map[string]string{
			"/etc/systemd/system/a-b.service":          "[Service]\nType=oneshot\n" + randomSettings(r, append(execKeys, listKeys...)),
			"/etc/systemd/system/a-b.service.d/2.conf": "[Service]\n" + randomSettings(r, listKeys),
			"/lib/systemd/system/a-.service.d/1.conf":  "[Service]\n" + randomSettings(r, listKeys),
		})
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			if sameAsManager(t, d, "a-b.service") {
				loaded++
			}
		})
	}
	if loaded < 15 {
		t.Errorf("only %d of the units could be loaded at all", loaded)
	}
}

// A command that systemd refuses ends the reading of a drop-in, which is not
// modelled here; so the generated ones have none.
var (
	execKeys = []string{"ExecStart", "ExecStart", "ExecReload", "ExecStartPre"}
	listKeys = []string{"Environment", "Environment", "EnvironmentFile", "PassEnvironment", "UnsetEnvironment"}
)

// randomSettings puts values together from the pieces that quoting, escaping
// and command lines are made of.
func randomSettings(r *rand.Rand, keys []string) string {
	pieces := []string{"a", "b=c", "A=1", "B=", "/x/y", " ", " ", " ", "\"", "'", "\\", "\\x41", "\\101", "\\u00e4", "\\;", ";", " ; ",
		"%n", "%%", "$X", "-", "=", "#", "\\\n", "\t", "/bin/true", "%j", "\\s", "\\q"}
	var b strings.Builder
	for range 1 + r.IntN(5) {
		key := keys[r.IntN(len(keys))]
		b.WriteString(key + "=")
		if strings.HasPrefix(key, "Exec") && r.IntN(8) > 0 {
			b.WriteString([]string{"", "-", "@", "-@", ":", "+", "!!"}[r.IntN(7)] + "/bin/true ")
		}
		for range r.IntN(7) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		b.WriteString("\n")
	}
	return b.String()
}
