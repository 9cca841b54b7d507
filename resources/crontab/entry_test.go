package crontab

import (
	"strings"
	"testing"
)

// The right sides are what a shell got from cron 3.0pl1-162.
func TestUnescape(t *testing.T) {
	tests := []struct{ command, shell, input string }{
		{`'p\%q'`, `'p%q'`, ""},
		{`'b\\n'`, `'b\n'`, ""},
		{`'t\\\\'`, `'t\\'`, ""},
		{`'x\y'`, `'x\y'`, ""},
		{`'z\\\%'`, `'z\%'`, ""},
		{`echo \`, `echo \`, ""},
		{`cat > /tmp/out2%one%two\%\\n`, `cat > /tmp/out2`, `%one%two\%\\n`},
	}
	for _, test := range tests {
		if shell, input := unescape(test.command); shell != test.shell || input != test.input {
			t.Errorf("%s: got %q and %q, want %q and %q", test.command, shell, input, test.shell, test.input)
		}
	}
}

func TestEscapeOnlyWhatItMust(t *testing.T) {
	for command, want := range map[string]string{`date +%F`: `date +\%F`, `a\nb\`: `a\nb\`, `a\\b`: `a\\\b`, `\%`: `\\\%`} {
		if got := escape(command); got != want {
			t.Errorf("%s: got %s, want %s", command, got, want)
		}
	}
}

func TestCheckCommand(t *testing.T) {
	for _, s := range []string{"x", `date +%F`, "a\tb", "# x", strings.Repeat("x", 998), strings.Repeat("%", 499)} {
		if err := CheckCommand(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	wrong := []struct{ command, want string }{
		{" \n", "is empty: cron would run nothing"},
		{"x\n", `ends in a newline: cron takes one line (in YAML, write ">-" instead of ">" or "|")`},
		{"x\ry", "has a line break or a NUL byte: cron takes one line; put a longer script in a file"},
		{"x ", "begins or ends with a blank"},
		{"* x", `begins with "*": is that a sixth field of the schedule? cron has five`},
		{"=x", `begins with "=": cron would read the line as an environment setting`},
		{strings.Repeat("%", 500), "has 1000 bytes when % is escaped, cron takes 998: put the script in a file"},
	}
	for _, test := range wrong {
		if err := CheckCommand(test.command); err == nil || err.Error() != test.want {
			t.Errorf("%q:\ngot  %v\nwant %s", test.command, err, test.want)
		}
	}
}
