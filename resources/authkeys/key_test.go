package authkeys

import (
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	for _, text := range []string{laptop, other + " two words", ecdsa + " x", `restrict,from="10.0.0.0/8,*.example.org",command="a \"b\" c" ` + laptop} {
		if k, err := ParseKey(" " + text + "\n"); err != nil || k.String() != text {
			t.Errorf("%s: got %v, %v", text, k, err)
		}
	}
	wrong := []struct{ text, want string }{
		{" \n", "the key is empty"},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n", "this is a private key: give the line of the .pub file, and replace the key if others have seen it"},
		{"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "this is a key in the format of RFC 4716: convert it with ssh-keygen -i -f FILE"},
		{laptop + "\n" + other, "a key is one line: give each key a name of its own"},
		{strings.Fields(laptop)[1], "there is no type of key in it: a key is a type, one of ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, sk-ssh-ed25519@openssh.com, sk-ecdsa-sha2-nistp256@openssh.com, ssh-dss, its base64 text and a comment"},
		{"pty ssh-ed25519", "the base64 text after ssh-ed25519 is missing"},
		{laptop[:60], "the base64 text after ssh-ed25519 is cut off or damaged"},
		{laptop[:59] + "!", "the base64 text after ssh-ed25519 is cut off or damaged"},
		{"ssh-ed25519 /////wAA", "the base64 text after ssh-ed25519 is cut off or damaged"},
		{"ssh-ed25519 AAAAAXg=", "the base64 text after ssh-ed25519 is cut off or damaged"},
		{strings.Replace(laptop, "ed25519", "rsa", 1), `the type is ssh-rsa, but the base64 text is a key of type ssh-ed25519`},
		{`from="a", pty ` + laptop, "the options before the type have a blank outside quotes, or a quote that is not closed"},
		{`from="a ` + laptop, "the options before the type have a blank outside quotes, or a quote that is not closed"},
		{"ptty " + laptop, `option "ptty": sshd knows no such option; it knows agent-forwarding, cert-authority, command, environment, expiry-time, from, permitlisten, permitopen, port-forwarding, principals, pty, restrict, touch-required, tunnel, user-rc, verify-required, x11-forwarding`},
		{weakRSA, "the key has 768 bits: sshd refuses RSA keys below 1024"},
		{cert, "this is a certificate: give the key that signed it, of type ssh-ed25519, with the option cert-authority"},
	}
	for _, test := range wrong {
		if _, err := ParseKey(test.text); err == nil || err.Error() != test.want {
			t.Errorf("%q:\ngot  %v\nwant %s", test.text, err, test.want)
		}
	}
}

// Each was tried with sshd 9.2p1: it lets nobody in with the wrong ones.
func TestCheckOptions(t *testing.T) {
	for _, options := range [][]string{
		nil, {"restrict", "pty"}, {"No-X11-Forwarding", "no-touch-required"}, {`from="*"`, `command=""`, `environment="A=b"`, `environment="C=d"`}, {`command="a \"b\""`},
	} {
		if err := CheckOptions(options); err != nil {
			t.Errorf("%v: %v", options, err)
		}
	}
	for _, test := range []struct {
		options []string
		want    string
	}{
		{[]string{"no-restrict"}, `option "no-restrict": sshd knows no such option; it`},
		{[]string{"no-from"}, `option "no-from": sshd knows no such option; it`},
		{[]string{""}, `option "": sshd knows no such option; it`},
		{[]string{"from"}, `option "from": write from="...", with \" for a quote within`},
		{[]string{"from=a"}, `option "from=a": write from="...", with \" for a quote within`},
		{[]string{`from="a`}, `option "from=\"a": write from="...", with \" for a quote within`},
		{[]string{`from="a\"`}, `option "from=\"a\\\"": write from="...", with \" for a quote within`},
		{[]string{`from="a"b"`}, `option "from=\"a\"b\"": write from="...", with \" for a quote within`},
		{[]string{`pty="yes"`}, `option "pty=\"yes\"": pty takes no value`},
		{[]string{`principals="a"`}, "the option principals needs cert-authority: sshd refuses such a key"},
		{[]string{`no-pty="yes"`}, `option "no-pty=\"yes\"": sshd knows no such option; it`},
		{[]string{`command="a"`, `Command="b"`}, "the option command stands twice: sshd refuses such a key"},
	} {
		if err := CheckOptions(test.options); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", test.options, err, test.want)
		}
	}
}
