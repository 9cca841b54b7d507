package test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/joho/godotenv"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// envReaders are those who must read the same from an environment file on a
// node. Each answers with the variables that it has from it, none when it
// cannot read it.
var envReaders = map[string]func(m *boot.Machine, file string) map[string]string{
	"systemd": func(m *boot.Machine, file string) map[string]string {
		return variables(m.Run("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--property=EnvironmentFile="+file, "env", "--null"))
	},
	"sh": func(m *boot.Machine, file string) map[string]string {
		return variables(m.Run("env", "--ignore-environment", "sh", "-c", `set -a; . "$0" >&2; exec /usr/bin/env --null`, file))
	},
	"godotenv": func(m *boot.Machine, file string) map[string]string {
		vars, _ := godotenv.Unmarshal(m.ReadFile(file))
		return vars
	},
}

// variables is what env(1) has printed.
func variables(env boot.Result) map[string]string {
	vars := map[string]string{}
	for line := range strings.SplitSeq(env.Stdout, "\x00") {
		if name, value, ok := strings.Cut(line, "="); ok {
			vars[name] = value
		}
	}
	return vars
}

// Whatever value is set, systemd, sh and a dotenv library read just that, or it
// is refused when the manifest is loaded.
func TestValues(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	t.Run("read the same", func(t *testing.T) { readTheSame(t, m.For(t)) })
	for value, says := range map[string]string{
		"a\r\nb":     "the value holds CR LF, which dotenv libraries read as LF alone",
		`C:\`:        "the value ends in a backslash, with which dotenv libraries quote the closing quote",
		`it's "now"`: `the value holds a ' and ends in a ", which dotenv libraries lose`,
	} {
		t.Run("refused: "+says, func(t *testing.T) {
			quoted := strconv.QuoteToASCII(value)
			manifest := "env_files:\n  /etc/refused.env: {set: {A: 1, B: " + quoted + "}}\n"
			result := run(m.For(t), manifest, "apply")
			if want := where(manifest, quoted) + ": set.B: " + says; result.Code != 64 || !strings.Contains(result.Stderr, want) {
				t.Errorf("%s: want exit 64 and %q: %s", quoted, want, result)
			}
			m.For(t).MustSh("! test -e /etc/refused.env")
		})
	}
}

func readTheSame(t *testing.T, m *boot.Machine) {
	values := awkwardValues(t)
	manifest := "env_files:\n  /etc/values.env:\n    set:\n"
	for key, value := range values {
		manifest += fmt.Sprintf("      %s: %s\n", key, strconv.QuoteToASCII(value))
	}
	if result := run(m, manifest, "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	for name, got := range readByAll(m, "/etc/values.env") {
		for key, want := range values {
			if value, ok := got[key]; !ok || value != want {
				t.Errorf("%s reads %s as %q, want %q", name, key, value, want)
			}
		}
	}
	if result := run(m, manifest, "apply"); !strings.Contains(result.Stdout, "all as declared") {
		t.Errorf("applied again: %s", result)
	}
}

// awkwardValues are values that trip readers up, each under a name of its own.
func awkwardValues(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../resources/envfile/testdata/values.txt")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		value, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		values[fmt.Sprintf("VALUE_%d", len(values))] = value
	}
	return values
}

// agedFiles are environment files as people leave them: A, B and C are theirs,
// KEY is to be set. Where it cannot be set so that all read it, says is why.
var agedFiles = []struct{ what, text, says string }{
	{"no file", "", ""},
	{"comments, blank lines, export", "# prose\n\nA=1\nexport B=2\n#KEY=old\n\n", ""},
	{"CRLF", "A=1\r\nKEY=old\r\nB=2\r\n", ""},
	{"no last newline", "A=1\nKEY=old", ""},
	{"a word that sh would run", "A=hello world\nKEY=old\n", ""},
	{"an inline comment", "A=1 # one\nKEY=old # the old one\nB='2' # two\n", ""},
	{"several lines", "A=\"x\nKEY=inner\ny\"\nKEY='old\nolder'\nB=2\n", ""},
	{"variables", "A=$HOME/x\nB=${A}\nKEY=$B\n", ""},
	{"an ampersand", "A=postgres:///db?host=/run&user=x\nKEY=old\nB=2\n", ""},
	{"spaces", "  A=1\n  KEY=old\nB=2 \n", ""},
	{"the key three times", "KEY=1\nA=1\nKEY=2\nB=2\nexport KEY=3\n", ""},
	{"a comment that goes on", "A=1\n# see C:\\\nKEY=old\nB=2\n", ""},
	{"a value that goes on", "A=C:\\\nKEY=old\nB=2\n", ""},
	{"a comment for systemd alone", "A=1\n; old\nKEY=old\n", "dotenv cannot read the file: line 2: a ; begins a comment for systemd alone; write #"},
	{"a program's output", "A=1\nB=$(echo b)\nKEY=old\n", `sh cannot read the file: line 2: only sh could tell what its "$" stands for; quote the value`},
	{"a byte order mark", "\ufeffA=1\nKEY=old\n", "dotenv cannot read the file: it starts with a byte order mark; remove that"},
	{"an open quote", "A=it's\nKEY=old\nB=2\n", "sh cannot read the file: line 1: the ' there is never closed"},
	{"not UTF-8", "A=caf\xe9\nKEY=old\n", "systemd cannot read the file: line 1: it is not UTF-8"},
	{"no assignment", "A=1\nexit 0\nKEY=old\n", "dotenv cannot read the file: line 2: it is not KEY=value"},
}

// A key that is set in a file with a past reads the same to all, or is refused
// and the file left alone; what each reader makes of the others' keys stays.
func TestKeysInAgedFiles(t *testing.T) {
	t.Parallel()
	m := ready(t)
	const value = `it's "mine": $HOME \n 100% #1`
	file := func(i int) string { return fmt.Sprintf("/etc/aged/%02d.env", i) }
	before := make([]map[string]map[string]string, len(agedFiles))
	manifest := "env_files:\n"
	for i, aged := range agedFiles {
		if aged.text != "" {
			m.WriteFile(file(i), aged.text, 0o644)
			before[i] = readByAll(m, file(i))
		}
		manifest += fmt.Sprintf("  %s: {set: {KEY: %s}}\n", file(i), strconv.QuoteToASCII(value))
	}
	result := run(m, manifest, "apply", "--json")
	if result.Code != 1 {
		t.Errorf("apply: %s", result)
	}
	for i, r := range report(t, result).Resources {
		aged := agedFiles[i]
		t.Run(aged.what, func(t *testing.T) {
			m := m.For(t)
			if aged.says == "" {
				keyIsSet(t, before[i], readByAll(m, file(i)), value)
			} else if !strings.Contains(r.Error, aged.says) || m.ReadFile(file(i)) != aged.text {
				t.Errorf("it is %s: %s\nand the file is %q", r.Outcome, r.Error, m.ReadFile(file(i)))
			}
		})
	}
}

// readByAll is what each reader reads from a file, by the reader's name.
func readByAll(m *boot.Machine, file string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, read := range envReaders {
		all[name] = read(m, file)
	}
	return all
}

// keyIsSet fails unless every reader now reads a value for KEY, and what it read
// before for other keys.
func keyIsSet(t *testing.T, before, after map[string]map[string]string, value string) {
	t.Helper()
	for name, now := range after {
		if got := now["KEY"]; got != value {
			t.Errorf("%s reads %q, want %q", name, got, value)
		}
		for _, key := range []string{"A", "B", "C"} {
			if was := before[name][key]; now[key] != was {
				t.Errorf("%s read %q for %s, and now %q", name, was, key, now[key])
			}
		}
	}
}
