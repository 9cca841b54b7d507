package envfile

import "testing"

func TestSet(t *testing.T) {
	for _, c := range []struct{ name, before, value, after string }{
		{"an empty file", "", "new", "KEY=new\n"},
		{"in its place", "A=1\nKEY=old\nB=2\n", "new", "A=1\nKEY=new\nB=2\n"},
		{"appended", "# c\n\nA=1\n", "new", "# c\n\nA=1\nKEY=new\n"},
		{"after a last line without a newline", "A=1", "new", "A=1\nKEY=new\n"},
		{"after a last line of blanks", "A=1\n  ", "new", "A=1\n  \nKEY=new\n"},
		{"after a comment that goes on without a newline", "# see \\", "new", "# see \\\n\nKEY=new\n"},
		{"in the place of a last line without a newline", "A=1\nKEY=old", "new", "A=1\nKEY=new"},
		{"twice becomes once", "KEY=a\nA=1\nKEY=b\n\nKEY=c", "c", "KEY=c\nA=1\n\n"},
		{"twice with the right value last", "KEY=a\nKEY=new\n", "new", "KEY=new\n"},
		{"already right in double quotes", "KEY=\"a b\"\n", "a b", "KEY=\"a b\"\n"},
		{"right for systemd alone", "KEY=a b\n", "a b", "KEY='a b'\n"},
		{"right for all but sh, which expands it", "KEY=~\n", "~", "KEY='~'\n"},
		{"export is nothing to systemd", "export KEY=old # why\n", "old", "KEY=old\n"},
		{"export beside the plain one", "KEY=old\nexport KEY=older\n", "old", "KEY=old\n"},
		{"a comment behind it", "KEY=old # why\n", "old", "KEY=old\n"},
		{"CRLF elsewhere", "A=1\r\n\r\n# c\r\nKEY=old\r\nB=2\r\n", "new", "A=1\r\n\r\n# c\r\nKEY=new\nB=2\r\n"},
		{"a comment that goes on", "A=1\n# see \\\n", "new", "A=1\n# see \\\n\nKEY=new\n"},
		{"a value that goes on", "A=1 \\\n", "new", "A=1 \\\n\nKEY=new\n"},
		{"a key in a comment that goes on", "# see \\\nKEY=old\n", "new", "# see \\\nKEY=old\nKEY=new\n"},
		{"several lines", "A=1\nKEY='x\ny'\nB=2\n", "new", "A=1\nKEY=new\nB=2\n"},
		{"inside another value", "A='\nKEY=inner\n'\n", "new", "A='\nKEY=inner\n'\nKEY=new\n"},
		{"commands to sh", "A=hello world\nB=postgres:///db?host=/run&user=x\n", "new", "A=hello world\nB=postgres:///db?host=/run&user=x\nKEY=new\n"},
		{"a name that only dotenv knows", "a.b=1\nKEYS=2\nkey=3\n", "new", "a.b=1\nKEYS=2\nkey=3\nKEY=new\n"},
	} {
		f := Parse([]byte(c.before))
		if err := f.Set("KEY", c.value); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := string(f.Bytes()); got != c.after {
			t.Errorf("%s: %q becomes %q, want %q", c.name, c.before, got, c.after)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	for _, c := range []struct{ before, reason string }{
		{"; systemd's\n", "KEY: dotenv cannot read the file: line 1: a ; begins a comment for systemd alone; write #"},
		{"A=1\njunk\n", "KEY: dotenv cannot read the file: line 2: it is not KEY=value"},
		{"A-B=1\n", "KEY: dotenv cannot read the file: line 1: it is not KEY=value"},
		{"\ufeffA=1\n", "KEY: dotenv cannot read the file: it starts with a byte order mark; remove that"},
		{"A=1\nB=\xff\n", "KEY: systemd cannot read the file: line 2: it is not UTF-8"},
		{"A=1\nB=\uffff\n", "KEY: systemd cannot read the file: line 2: it is not UTF-8"},
		{"A=\x00\n", "KEY: systemd cannot read the file: it holds a NUL"},
		{"A=1\nB=\"open\n", `KEY: systemd would take it for a part of what begins in line 2`},
		{"A=it's\n", "KEY: sh cannot read the file: line 1: the ' there is never closed"},
		{"A=it's\nKEY=old\nB=it's\n", "KEY: sh cannot read the file: line 1: the ' there is never closed"},
		{"A=Name <name@example.org>\n", "KEY: sh cannot read the file: line 1: sh does not take the < for a part of the value; quote it"},
		{"A=f(x)\n", "KEY: sh cannot read the file: line 1: sh does not take the ( for a part of the value; quote it"},
		{"A=$(id)\n", "KEY: sh cannot read the file: line 1: only sh could tell what its \"$\" stands for; quote the value"},
		{"A=please exit\n", "KEY: sh cannot read the file: line 1: \"exit\" is a command of sh itself; quote the value"},
		{"A=1;\n;B=2\n", "KEY: dotenv cannot read the file: line 2: a ; begins a comment for systemd alone; write #"},
		{"A=x;;y\n", "KEY: sh cannot read the file: line 1: a command is missing for sh; quote the value"},
		{"OPTIND=x\n", "KEY: sh cannot read the file: line 1: sh keeps OPTIND for itself"},
		{"KEY=old\nA=x?y=1&KEY=2\n", "KEY: sh would take another value from line 2"},
		{"KEY=C:\\\nA=1\n", "KEY: line 1: its value ends elsewhere for dotenv than for systemd; repair it by hand"},
		{`A=\`, "KEY: systemd would take it for a part of what begins in line 1"}, // and an empty line would change A for sh
		{"KEY==\"\nA=\nKEY=\"\n", "KEY: sh would then find A, which is a part of something else to it now; repair the file by hand"},
		{"KEY=\"open\nA=1\n", "KEY: line 1: its value ends elsewhere for dotenv than for systemd; repair it by hand"},
	} {
		f := Parse([]byte(c.before))
		err := f.Set("KEY", "new")
		if err == nil || err.Error() != c.reason {
			t.Errorf("%q: %v, want %s", c.before, err, c.reason)
		}
		if string(f.Bytes()) != c.before {
			t.Errorf("%q: refused, and changed to %q", c.before, f.Bytes())
		}
	}
}

func TestUnset(t *testing.T) {
	for _, c := range []struct{ before, after, reason string }{
		{"", "", ""},
		{"A=1\nKEY=1\n# c\nexport KEY=2\nKEYS=3\n KEY = '4\n5'\r\n", "A=1\n# c\nKEYS=3\n", ""},
		{"; systemd's\nKEY=1\njunk", "; systemd's\njunk", ""},
		{"A=x?y=1&KEY=2\n", "", "KEY: sh would still find it in line 1"},
		{"A\\\nKEY=1\n", "", "KEY: sh would then read another value for AKEY, which is in line 1 now; repair that line by hand"},
		{"KEY=0'\n'", "", "KEY: sh could then read the file no more: line 1: the ' there is never closed"},
		{"# \\\nKEY=1\n", "", "KEY: systemd since 254 would still find it in line 2"},
		{"KEY=C:\\\nA=1\n", "", "KEY: line 1: its value ends elsewhere for dotenv than for systemd; repair it by hand"},
	} {
		f := Parse([]byte(c.before))
		if err := f.Unset("KEY"); err != nil {
			c.after = c.before
			if err.Error() != c.reason {
				t.Errorf("%q: %v, want %q", c.before, err, c.reason)
			}
		} else if c.reason != "" {
			t.Errorf("%q: no error, want %s", c.before, c.reason)
		}
		if got := string(f.Bytes()); got != c.after {
			t.Errorf("%q becomes %q, want %q", c.before, got, c.after)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct{ key, value, line string }{
		{"KEY", "", "KEY="},
		{"KEY", "/opt/mnw/current:8080,a=b@c%d+e-f", "KEY=/opt/mnw/current:8080,a=b@c%d+e-f"},
		{"_k1", "a b", "_k1='a b'"},
		{"KEY", "$HOME `id` \"q\" \\n", "KEY='$HOME `id` \"q\" \\n'"},
		{"KEY", "it's $1 `a` \\ \"b\" c", "KEY=\"it's \\$1 \\`a\\` \\\\ \\\"b\\\" c\""},
		{"KEY", `\\host\share`, `KEY="\\\\host\\share"`},
	} {
		if line, err := Quote(c.key, c.value); err != nil || line != c.line {
			t.Errorf("%s: %s, error %v, want %s", c.value, line, err, c.line)
		}
	}
	long := make([]byte, 128<<10-4)
	for i := range long {
		long[i] = 'x'
	}
	for _, c := range []struct{ key, value, reason string }{
		{"", "x", `"" is no name for a variable: letters, digits and _ are, no digit first`},
		{"1A", "x", `"1A" is no name for a variable: letters, digits and _ are, no digit first`},
		{"A-B", "x", `"A-B" is no name for a variable: letters, digits and _ are, no digit first`},
		{"Ä", "x", `"Ä" is no name for a variable: letters, digits and _ are, no digit first`},
		{"OPTIND", "x", "sh keeps OPTIND for itself"},
		{"KEY", "a\x00b", "the value holds a NUL, which no variable can"},
		{"KEY", "\xff", "the value is not UTF-8, for which systemd refuses the whole file"},
		{"KEY", "\uffff", "the value is not UTF-8, for which systemd refuses the whole file"},
		{"KEY", "a\r\nb", "the value holds CR LF, which dotenv libraries read as LF alone"},
		{"KEY", `C:\`, "the value ends in a backslash, with which dotenv libraries quote the closing quote"},
		{"KEY", `it's "x"`, `the value holds a ' and ends in a ", which dotenv libraries lose`},
		{"KEY", string(long), "the value is longer than the 128 KiB that Linux hands to a program"},
	} {
		if _, err := Quote(c.key, c.value); err == nil || err.Error() != c.reason {
			t.Errorf("%s: %v, want %s", c.key, err, c.reason)
		}
	}
	if _, err := Quote("KEY", string(long[1:])); err != nil {
		t.Error(err)
	}
}
