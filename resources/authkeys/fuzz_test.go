package authkeys

import (
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/linear"
)

var texts = []string{
	"", "\n\r\n", laptop, "# x\n" + `command="a b" ` + laptop + " c\r\njunk", "\x00\n\xff", "pty\t" + laptop + "\r\r\n",
	"# x\r\n" + other + "\n" + `from="a, b",pty ` + laptop + "\njunk\n" + laptop,
	"restrict AAAAC3NzaC1lZDI1NTE5AAAAIC9rnJWmAW6yUULE70WO4sMfqu9PqehLiVk6f4QqqcTR\n", // no type
	"ED25519 AAAAC3NzaC1lZDI1NTE5AAAAIC9rnJWmAW6yUULE70WO4sMfqu9PqehLiVk6f4QqqcTR\n",
	strings.ReplaceAll(laptop, "ssh-ed25519", "ssh-ed25591"), `command="\\" ` + laptop + "\nx=\"\\\" " + laptop, ",pty " + ecdsa + "\nno-pty,, " + weakRSA, cert,
}

// A file stays as it is until it is changed, and holds the keys that sshd finds
// in it, and no others, but for those with options that it does not know.
func FuzzParse(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := Parse([]byte(text))
		if got := file.Bytes(); string(got) != text {
			t.Fatalf("%q became %q", text, got)
		}
		for _, l := range file.lines {
			admits, ok := sshdAdmits(l.text)
			if ok != (l.isKey && CheckOptions(l.key.Options) == nil) {
				t.Fatalf("%q: sshd says %v, %v was read: %+v", l.text, ok, l.isKey, l.key)
			}
			if ok && (admits.blob != l.key.Blob || admits.authority != l.key.isAuthority() || len(admits.options) != len(l.key.Options)) {
				t.Fatalf("%q: sshd reads %+v, and not %+v", l.text, admits, l.key)
			}
		}
	})
}

// A key that is declared is one that sshd reads, as it was declared.
func FuzzParseKey(f *testing.F) {
	for _, text := range texts {
		f.Add(text, "", "")
	}
	f.Add(laptop, `command="a \"b\", c"`, "no-PTY")
	f.Add(laptop, `command="a"\"`, "")
	f.Add(laptop, `from=""`, `from="x"`)
	f.Add(laptop, `principals="a"`, "cert-authority")
	f.Add(laptop, `command="x\\"`, `tunnel="0"`)
	f.Add(laptop, "pty ", "environment=\"A=\"b\"")
	f.Fuzz(func(t *testing.T, text, option, another string) {
		k, err := ParseKey(text)
		if err != nil {
			if len(text) > 40 && strings.Contains(err.Error(), text) {
				t.Fatalf("the error tells the key: %v", err)
			}
			return
		}
		for _, options := range [][]string{k.Options, {option}, {option, another}} {
			k.Options = options
			if CheckOptions(options) != nil {
				continue
			}
			if err := k.Check(); err != nil {
				t.Fatalf("%+v: %v", k, err)
			}
			admits, ok := sshdAdmits(k.String())
			if !ok || admits.blob != k.Blob || len(admits.options) != len(options) || admits.authority != k.isAuthority() {
				t.Fatalf("sshd reads %+v, %v from %q", admits, ok, k.String())
			}
			again, err := ParseKey(k.String())
			if err != nil || !again.same(k) || again.String() != k.String() {
				t.Fatalf("%q is read as %q, %v", k.String(), again.String(), err)
			}
		}
	})
}

// FuzzSet holds Set to its promise on files of any kind: sshd lets the key in
// with the options that are declared, or that it had; lines without the key
// survive in their order; and a second time changes nothing.
func FuzzSet(f *testing.F) {
	for _, text := range texts {
		f.Add(text, "", "")
		f.Add(text, "me", "restrict")
		f.Add(text, `"`, `command="\"" cert-authority`)
	}
	f.Fuzz(func(t *testing.T, text, comment, options string) {
		file, k := Parse([]byte(text)), key(t, laptop)
		k.Comment = comment
		if options != "" {
			k.Options = strings.Split(options, " ")
		}
		before, want := without(file, k), k.Options
		had := slices.IndexFunc(file.lines, func(l line) bool { return l.isKey && l.key.same(k) })
		if had >= 0 && k.Options == nil {
			want = file.lines[had].key.Options
		}
		if err := file.Set(k); err != nil {
			if string(file.Bytes()) != text || err.Error() == "" {
				t.Fatalf("%q changed to %q in spite of %v", text, file.Bytes(), err)
			}
			return
		}
		once := string(file.Bytes())
		if after := without(file, k); !slices.Equal(before, after) {
			t.Fatalf("foreign lines were %q, are %q", before, after)
		}
		admitted(t, once, k, strings.Join(want, ","))
		file = Parse([]byte(once))
		if err := file.Set(k); err != nil || string(file.Bytes()) != once {
			t.Fatalf("%q became %q the second time (%v)", once, file.Bytes(), err)
		}
		file.Keep(k)
		if got := string(file.Bytes()); strings.Count(got, "\n") > 1 || !slices.ContainsFunc(file.Keys(), k.same) {
			t.Fatalf("%q is kept of %q", got, once)
		}
		file = Parse([]byte(once))
		file.Remove(k)
		for line := range strings.Lines(string(file.Bytes())) {
			if admits, ok := sshdAdmits(line); ok && admits.blob == k.Blob {
				t.Fatalf("sshd still lets the key in: %q", line)
			}
		}
	})
}

// admitted holds that one line of a text, and no other, lets the key in.
func admitted(t *testing.T, text string, k Key, options string) {
	t.Helper()
	found := 0
	for line := range strings.Lines(text) {
		admits, ok := sshdAdmits(line)
		if !ok || admits.blob != k.Blob || admits.authority != k.isAuthority() {
			continue
		}
		found++
		if want, _, _ := sshauthoptParse(options); options != "" && !slices.Equal(want, admits.options) || options == "" && admits.options != nil {
			t.Fatalf("sshd reads the options %q, want %q", admits.options, options)
		}
	}
	if found != 1 {
		t.Fatalf("the key is %d times in %q", found, text)
	}
}

// without is the lines that do not hold the key, but for the last newline.
func without(f *File, k Key) []string {
	var lines []string
	for _, l := range f.lines {
		if !l.isKey || !l.key.same(k) {
			lines = append(lines, strings.TrimSuffix(l.text, "\n"))
		}
	}
	return lines
}

// A file is edited in time that does not grow with its square.
func FuzzLong(f *testing.F) {
	f.Add("", laptop+"\n", "")
	f.Add("", "pty,", laptop)
	f.Add(`command="`, `\"`, `" `+laptop)
	f.Add("ssh-ed25519 ", "AAAA", " x")
	f.Add("", "ssh-ed25519 ", "")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		good := key(t, laptop)
		linear.Hold(t, head, piece, tail, func(text string) {
			file := Parse([]byte(text))
			_ = file.Set(good)
			file.Remove(good)
			_, _ = ParseKey(text)
			_ = CheckOptions([]string{text, `command="` + text + `"`})
		})
	})
}
