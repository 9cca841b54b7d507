package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A State is what lies at one path, as far as a manifest can declare it.
type State struct {
	Kind   Kind
	Owner  string // a name, or a number that has none; "" where owners are not known
	Group  string
	Mode   Mode   // of files and directories; symlinks have none
	Target string // of a symlink, as it is written

	// Content is what a file holds, where it matters. In a change, nil on both
	// sides says that the content is not touched.
	Content *Content

	// Xattrs are the extended attributes, where they matter: of what goes, so that
	// it can come back. Whatever a change makes of them is no difference.
	Xattrs Xattrs

	Size  int64
	Links uint64
	MTime time.Time
	CTime time.Time
	Odd   string // for Other: "fifo", "socket", "device"
}

// A Kind is a kind of file.
type Kind uint8

// The kinds of files. Absent is one of them: that nothing is there is a state.
const (
	Absent Kind = iota
	File
	Directory
	Symlink
	Other
)

var kinds = [...]string{"absent", "file", "directory", "symlink", "special file"}

func (k Kind) String() string { return kinds[k] }

// A says the kind with its article: "a directory", "nothing".
func (s State) A() string {
	switch s.Kind {
	case Absent:
		return "nothing"
	case Other:
		return "a " + s.Odd
	}
	return "a " + s.Kind.String()
}

// String tells the state in a few words: `file 0644 root:root sha256:1f2e…`.
func (s State) String() string {
	words := []string{s.Kind.String()}
	switch s.Kind {
	case Absent:
		return "absent"
	case Symlink:
		words = append(words, "to "+s.Target)
	case File, Directory:
		words = append(words, s.Mode.String())
	}
	if s.Owner != "" || s.Group != "" {
		words = append(words, s.Owner+":"+s.Group)
	}
	if s.Content != nil {
		words = append(words, "sha256:"+s.Content.Digest()[:12])
	}
	return strings.Join(words, " ")
}

// Matches says whether now, found on the node, is still the state s that was
// seen when a change was planned. Owners that are not known agree with any.
func (s State) Matches(now State) bool {
	if s.Kind != now.Kind {
		return false
	}
	if s.Kind == Absent {
		return true
	}
	if !sameName(s.Owner, now.Owner) || !sameName(s.Group, now.Group) {
		return false
	}
	if s.Kind == Symlink {
		return s.Target == now.Target
	}
	if s.Mode != now.Mode {
		return false
	}
	if s.Content != nil && now.Content != nil {
		return s.Content.Equal(now.Content)
	}
	return true
}

func sameName(a, b string) bool { return a == b || a == "" || b == "" }

// A Mode is the permission bits of a path with setuid, setgid and sticky, as
// chmod(2) takes them. ModeUnset is the mode of a declaration that has none.
type Mode uint32

// ModeUnset says that a mode is not declared.
const ModeUnset Mode = 1 << 31

func (m Mode) String() string { return fmt.Sprintf("%04o", uint32(m)) }

// ParseMode reads a mode as people write it: 0644, 644 or 0o644, always octal.
func ParseMode(s string) (Mode, error) {
	digits := strings.TrimPrefix(s, "0o")
	n, err := strconv.ParseUint(digits, 8, 32)
	if err != nil || n > 0o7777 || len(digits) < 3 {
		return 0, fmt.Errorf("%q is not a mode: want three or four octal digits, such as 0644 or 2775", s)
	}
	return Mode(n), nil
}

// UnmarshalText reads a mode as ParseMode does.
func (m *Mode) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMode(string(text))
	return err
}

// MarshalText writes a mode as String does.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Content is the bytes of a file. It is never changed once made.
type Content struct {
	data   []byte
	once   sync.Once
	digest string
}

// NewContent is the content that holds data, which the caller gives away.
func NewContent(data []byte) *Content { return &Content{data: data} }

// Bytes is the content itself; the caller must not write to it.
func (c *Content) Bytes() []byte { return c.data }

// Digest is the SHA-256 of the content in lower-case hexadecimal.
func (c *Content) Digest() string {
	c.once.Do(func() {
		sum := sha256.Sum256(c.data)
		c.digest = hex.EncodeToString(sum[:])
	})
	return c.digest
}

// Equal says whether two contents hold the same bytes.
func (c *Content) Equal(other *Content) bool { return bytes.Equal(c.data, other.data) }

// bytesOf is the bytes of a content, none of one that is not there.
func bytesOf(c *Content) []byte {
	if c == nil {
		return nil
	}
	return c.Bytes()
}
