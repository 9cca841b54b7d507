package authkeys

import (
	"strings"
	"testing"
)

// Keys that were made for these tests, and whose private halves are gone.
const (
	laptop  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC9rnJWmAW6yUULE70WO4sMfqu9PqehLiVk6f4QqqcTR"
	other   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgs6eYRU6brdAjzrNBrl7UF5yOLUaOvbu0jBGWV+9gX"
	ecdsa   = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHfInWLOLyM8+NylOics9qG0eezQjFOd5+rGEJi43n8c8bYm75Dxm2AqvWF9MgZcJ3hDJp77koVDrYHXPgI4VCg="
	weakRSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAYQDHjquUg4GV5Fwl9Wai/OL2sLuxfl1NknwgHYyXHIQ9jkrxSQmcyOpA37rvuAGJrQvh8tbJvxX48Jev8j/3uyD3wgLKpnbypgP7+6SfedADBDe0e9d7Sr/D1rlnrcMuH6k="
	cert    = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIN5DRm3z/6R/YQvLDTxN+P9oUUoFZx9Cipy4nKVkF+tAAAAAIC9rnJWmAW6yUULE70WO4sMfqu9PqehLiVk6f4QqqcTRAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACAva5yVpgFuslFCxO9FjuLDH6rvT6noS4lZOn+EKqnE0QAAAFMAAAALc3NoLWVkMjU1MTkAAABAGHJK/YebcSFMNMdnqUuPHc5VjuFR93buZX2bg4UP8v8F1VdoNkEMMKvltMsvU8NqgS807UNUHnH5+rjMC9BjDg=="
)

func key(t *testing.T, text string) Key {
	t.Helper()
	k, err := ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSet(t *testing.T) {
	const command = `command="a \"b\", c",no-pty `
	foreign := "# ssh-ed25519 x\r\n\n" + other + " a  b \njunk"
	tests := []struct{ name, before, declared, after string }{
		{"empty file", "", laptop + " me", laptop + " me\n"},
		{"foreign lines stay", foreign, laptop, foreign + "\n" + laptop + "\n"},
		{"already right", foreign + "\n" + laptop + " me", laptop + " me", foreign + "\n" + laptop + " me"},
		{"already right, with blanks", "\t" + laptop + "  me \r\n", laptop + " me", "\t" + laptop + "  me \r\n"},
		{"options and comment kept", command + laptop + " you\n", laptop, command + laptop + " you\n"},
		{"options kept, comment declared", command + laptop + " you\r\n" + foreign, laptop + " me", command + laptop + " me\r\n" + foreign},
		{"options declared, comment kept", command + laptop + " you\n", "restrict " + laptop, "restrict " + laptop + " you\n"},
		{"three become one", foreign + "\n" + laptop + "\npty " + laptop + "\n" + other + "\n" + laptop, laptop, foreign + "\n" + laptop + "\n" + other + "\n"},
		{"the key as an authority is another", "CERT-authority,pty " + laptop + "\n", laptop, "CERT-authority,pty " + laptop + "\n" + laptop + "\n"},
		{"an authority", laptop + "\ncert-authority " + laptop + "\n", `cert-authority,principals="a" ` + laptop, laptop + "\n" + `cert-authority,principals="a" ` + laptop + "\n"},
	}
	for _, test := range tests {
		f := Parse([]byte(test.before))
		if err := f.Set(key(t, test.declared)); err != nil {
			t.Fatal(err)
		}
		if got := string(f.Bytes()); got != test.after {
			t.Errorf("%s: got:\n%s\nwant:\n%s", test.name, got, test.after)
		}
	}
}

func TestSetTakesOptionsAway(t *testing.T) {
	f, k := Parse([]byte("restrict "+laptop+" me\n")), key(t, laptop)
	k.Options = []string{}
	if err := f.Set(k); err != nil || string(f.Bytes()) != laptop+" me\n" {
		t.Errorf("got %s, %v", f.Bytes(), err)
	}
}

func TestSetRefuses(t *testing.T) {
	good := key(t, laptop)
	for _, k := range []Key{
		{},
		{Type: good.Type, Blob: good.Blob, Options: []string{"ptty"}},
		{Type: good.Type, Blob: good.Blob, Options: []string{"pty,restrict"}},
		{Type: good.Type, Blob: good.Blob, Comment: "x\n" + other},
		{Type: "ssh-rsa", Blob: good.Blob},
	} {
		f := Parse([]byte("# x"))
		if err := f.Set(k); err == nil || string(f.Bytes()) != "# x" {
			t.Errorf("%+v: err is %v, the file %q", k, err, f.Bytes())
		}
	}
}

func TestSetRefusesToKeepBrokenOptions(t *testing.T) {
	before := "# x\nno-such " + laptop + "\n"
	f, k := Parse([]byte(before)), key(t, laptop)
	want := `line 2, with the key: option "no-such": sshd knows no such option`
	if err := f.Set(k); err == nil || !strings.HasPrefix(err.Error(), want) || string(f.Bytes()) != before {
		t.Errorf("got  %v\nwant %s...", err, want)
	}
	k.Options = []string{"pty"}
	if err := f.Set(k); err != nil || string(f.Bytes()) != "# x\npty "+laptop+"\n" {
		t.Errorf("got %s, %v", f.Bytes(), err)
	}
}

func TestRemoveAndKeep(t *testing.T) {
	before := "# a\n" + laptop + " x\r\n" + other + "\ncert-authority " + laptop + "\njunk"
	tests := []struct {
		name, after string
		edit        func(*File)
	}{
		{"remove", "# a\n" + other + "\njunk", func(f *File) { f.Remove(key(t, laptop)) }},
		{"remove what is not there", before, func(f *File) { f.Remove(key(t, ecdsa)) }},
		{"keep", laptop + " x\r\n", func(f *File) { f.Keep(key(t, ecdsa), key(t, "restrict "+laptop)) }},
		{"keep nothing", "", func(f *File) { f.Keep() }},
	}
	for _, test := range tests {
		f := Parse([]byte(before))
		if test.edit(f); string(f.Bytes()) != test.after {
			t.Errorf("%s: got:\n%s\nwant:\n%s", test.name, f.Bytes(), test.after)
		}
	}
}
