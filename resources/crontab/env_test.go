package crontab

import (
	"maps"
	"strings"
	"testing"
)

func TestSetEnv(t *testing.T) {
	const env = "# BEGIN mnw-agent env\nMAILTO=\"\"\nPATH=/usr/bin:/bin\n# END mnw-agent env\n"
	declared := map[string]string{"PATH": "/usr/bin:/bin", "MAILTO": ""}
	tests := []struct {
		name, before string
		env          map[string]string
		after        string
	}{
		{"empty table", "", declared, env},
		{"nothing declared", "A=b\n@daily x", nil, "A=b\n@daily x"},
		{"jobs of ours below, foreign ones above", "A=b\n" + ours + "MAILTO=root\n@daily x", declared, "A=b\nMAILTO=root\n@daily x\n" + env + ours},
		{"already right", "A=b\n" + env + ours, declared, "A=b\n" + env + ours},
		{"a foreign job came below", env + ours + "@daily x\n", declared, "@daily x\n" + env + ours},
		{"edited by hand", strings.Replace(env, `""`, "root", 1) + ours, declared, env + ours},
		{"a value goes", env + ours, map[string]string{"PATH": "/usr/bin:/bin"}, strings.Replace(env, "MAILTO=\"\"\n", "", 1) + ours},
		{"all values go", "A=b\n" + env + ours, nil, "A=b\n" + ours},
	}
	for _, test := range tests {
		table := Parse([]byte(test.before))
		if err := table.SetEnv(test.env); err != nil {
			t.Fatal(err)
		}
		if got := string(table.Bytes()); got != test.after {
			t.Errorf("%s: got:\n%s\nwant:\n%s", test.name, got, test.after)
		}
		if got := table.Env(); !maps.Equal(got, test.env) {
			t.Errorf("%s: reads as %v, want %v", test.name, got, test.env)
		}
	}
}

func TestSetKeepsJobsBelowTheEnv(t *testing.T) {
	const env = "# BEGIN mnw-agent env\nA=b\n# END mnw-agent env\n"
	table := Parse([]byte(line + env + "@daily x\n"))
	if err := table.Set(backup); err != nil {
		t.Fatal(err)
	}
	if got, want := string(table.Bytes()), "@daily x\n"+env+ours; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// The right sides are what cron 3.0pl1-162 put into the environment of a job.
func TestReadValue(t *testing.T) {
	tests := []struct{ text, want string }{
		{`"  x  "`, "  x"},
		{`'"x "'`, "x "},
		{`it's "x" y`, `it's "x" y`},
		{`""`, ""},
		{`  sp aced  `, "sp aced"},
		{`'a"b'`, `a"b`},
		{`#x%y\n$HOME`, `#x%y\n$HOME`},
		{`"q" `, "q"},
		{`a=b`, "a=b"},
		{"cr\r", "cr"},
	}
	for _, test := range tests {
		if got, ok := readValue(test.text); !ok || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.text, got, ok, test.want)
		}
	}
	for _, text := range []string{"", " ", `"x`, `"x"y`} {
		if got, ok := readValue(text); ok {
			t.Errorf("%s is no value for cron, but was read as %q", text, got)
		}
	}
}

func TestCheckEnv(t *testing.T) {
	for _, value := range []string{"", "x", " x", `"`, `"x`, `a"b'c`, `'`, "$HOME # %", "ü", strings.Repeat("x", 996)} {
		if err := CheckEnv("A", value); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
	wrong := []struct{ name, value, want string }{
		{"A B", "", `"A B" is not a name for an environment variable`},
		{"LOGNAME", "x", "LOGNAME is always the owner of the table: cron ignores the setting"},
		{"A", "x\ny", "the value has a line break or a NUL byte, and cron has no way to write one"},
		{"A", "x ", "the value begins or ends with blanks or quotes that cron would strip"},
		{"A", `"x"`, "the value begins or ends with blanks or quotes that cron would strip"},
		{"A", strings.Repeat("x", 997), "the line would have 999 bytes, cron takes 998"},
	}
	for _, test := range wrong {
		if err := CheckEnv(test.name, test.value); err == nil || err.Error() != test.want {
			t.Errorf("%q:\ngot  %v\nwant %s", test.value, err, test.want)
		}
	}
}
