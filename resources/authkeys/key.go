package authkeys

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A Key is one line of an authorized_keys file.
type Key struct {
	// Options are what the key may do, such as `restrict` or `from="10.0.0.0/8"`,
	// each as it stands in the file. Nil says nothing about them; an empty list
	// says that there are none.
	Options []string
	Type    string // ssh-ed25519, ...
	Blob    string // in base64
	Comment string // empty says nothing about it
}

// String is the line of the key, without its newline.
func (k Key) String() string {
	s := k.Type + " " + k.Blob
	if len(k.Options) > 0 {
		s = strings.Join(k.Options, ",") + " " + s
	}
	if k.Comment != "" {
		s += " " + k.Comment
	}
	return s
}

// same says whether both are one key, both as such or both as an authority.
func (k Key) same(other Key) bool {
	return k.Blob == other.Blob && k.isAuthority() == other.isAuthority()
}

func (k Key) isAuthority() bool {
	return slices.ContainsFunc(k.Options, func(o string) bool { return strings.EqualFold(o, "cert-authority") })
}

// Check says what is wrong with a key that did not come from ParseKey as it is.
func (k Key) Check() error {
	if err := CheckOptions(k.Options); err != nil {
		return err
	}
	read, err := ParseKey(k.String())
	if err == nil && read.String() != k.String() {
		err = fmt.Errorf("%q is not one key", k.String())
	}
	return err
}

// ParseKey reads the line of a key: the content of a .pub file, or a line of
// an authorized_keys file with options before the type. Its errors say what is
// wrong with the text, which they do not repeat: it may be a secret.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Key{}, errors.New("the key is empty")
	case strings.Contains(text, "PRIVATE KEY"), strings.Contains(text, "PuTTY-User-Key-File"):
		return Key{}, errors.New("this is a private key: give the line of the .pub file, and replace the key if others have seen it")
	case strings.Contains(text, "BEGIN SSH2 PUBLIC KEY"):
		return Key{}, errors.New("this is a key in the format of RFC 4716: convert it with ssh-keygen -i -f FILE")
	case strings.ContainsAny(text, "\n\r\x00"):
		return Key{}, errors.New("a key is one line: give each key a name of its own")
	}
	k, public, err := readLine(text)
	if err != nil {
		return Key{}, explain(text, err)
	}
	if err := CheckOptions(k.Options); err != nil {
		return Key{}, err
	}
	return k, checkUsable(public)
}

// checkUsable refuses what sshd reads and then never lets in.
func checkUsable(public ssh.PublicKey) error {
	if cert, ok := public.(*ssh.Certificate); ok {
		return fmt.Errorf("this is a certificate: give the key that signed it, of type %s, with the option cert-authority", cert.SignatureKey.Type())
	}
	if public, ok := public.(ssh.CryptoPublicKey); ok {
		if key, ok := public.CryptoPublicKey().(*rsa.PublicKey); ok && key.N.BitLen() < 1024 {
			return fmt.Errorf("the key has %d bits: sshd refuses RSA keys below 1024", key.N.BitLen())
		}
	}
	return nil
}

// keyTypes are what a key line may hold.
var keyTypes = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256, "ssh-dss",
}

// explain says why a text is no key, better than the parser's err does.
func explain(text string, err error) error {
	words := strings.Fields(text)
	at := slices.IndexFunc(words, func(w string) bool { return slices.Contains(keyTypes, w) })
	if at < 0 {
		return fmt.Errorf("there is no type of key in it: a key is a type, one of %s, its base64 text and a comment", strings.Join(keyTypes, ", "))
	}
	if at+1 == len(words) {
		return fmt.Errorf("the base64 text after %s is missing", words[at])
	}
	blob, decodeErr := base64.StdEncoding.DecodeString(words[at+1])
	if holds := blobType(blob); holds != words[at] && slices.Contains(keyTypes, holds) {
		return fmt.Errorf("the type is %s, but the base64 text is a key of type %s", words[at], holds)
	}
	if _, err := ssh.ParsePublicKey(blob); decodeErr != nil || err != nil {
		return fmt.Errorf("the base64 text after %s is cut off or damaged", words[at])
	}
	if at > 0 {
		return errors.New("the options before the type have a blank outside quotes, or a quote that is not closed")
	}
	return err
}

// blobType is the type that a key says it has, in its own first field.
func blobType(blob []byte) string {
	if len(blob) < 4 {
		return ""
	}
	n := binary.BigEndian.Uint32(blob)
	if uint64(n) > uint64(len(blob)-4) {
		return ""
	}
	return string(blob[4:][:n])
}
