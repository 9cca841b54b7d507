package resources

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// The types of this file are what fields of declarations are made of. They
// check themselves when they are decoded, through encoding.TextUnmarshaler, so
// that an error has the position of the very value.

// A Path is an absolute path without `.`, `..`, doubled or trailing slashes.
type Path string

// UnmarshalText takes a path as it stands in a manifest.
func (p *Path) UnmarshalText(text []byte) error {
	s := string(text)
	switch {
	case s == "":
		return errors.New("the path is empty")
	case strings.ContainsRune(s, 0):
		return errors.New("a path cannot hold a NUL byte")
	case !path.IsAbs(s):
		return fmt.Errorf("%q is not an absolute path", s)
	case path.Clean(s) != s:
		return fmt.Errorf("%q is not a clean path: write %s", s, path.Clean(s))
	}
	*p = Path(s)
	return nil
}

// A UserName is the name of a user that must exist, or be declared, when the
// resource is planned.
type UserName string

// UnmarshalText takes a name as useradd(8) allows it.
func (u *UserName) UnmarshalText(text []byte) error {
	*u = UserName(text)
	return checkName("user", string(text))
}

// A GroupName is the name of a group that must exist, or be declared, when the
// resource is planned.
type GroupName string

// UnmarshalText takes a name as groupadd(8) allows it.
func (g *GroupName) UnmarshalText(text []byte) error {
	*g = GroupName(text)
	return checkName("group", string(text))
}

// checkName holds a name to what Debian's useradd(8) takes, and what is then
// found again: in passwd(5) a number sign begins a comment, and the dots are
// directories where a file has a user's name.
func checkName(what, name string) error {
	why := ""
	switch {
	case name == "":
		why = "it is empty"
	case len(name) > 32:
		why = "it has more than 32 bytes"
	case strings.ContainsAny(name[:1], "-+~#"):
		why = "none begins with " + name[:1]
	case strings.ContainsAny(name, ":,/\\\"'") || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		why = `none has blanks, control characters or one of : , / \ " ' in it`
	case name == "." || name == "..":
		why = "it is a directory"
	case allDigits(name):
		why = "it is a number"
	default:
		return nil
	}
	return fmt.Errorf("%q is not a name for a %s: %s", name, what, why)
}

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// A Presence is whether a thing should be there: present, which is the default,
// or absent. Whatever else is declared of an absent thing counts for nothing.
type Presence string

// The two presences.
const (
	Present Presence = "present"
	Gone    Presence = "absent"
)

// UnmarshalText takes "present" or "absent".
func (p *Presence) UnmarshalText(text []byte) error {
	*p = Presence(text)
	if *p != Present && *p != Gone {
		return fmt.Errorf("%q is neither present nor absent", text)
	}
	return nil
}

// Values is what a presence can be.
func (Presence) Values() []string { return []string{string(Present), string(Gone)} }

// Departs says whether the thing is declared absent.
func (p Presence) Departs() bool { return p == Gone }

// Perm is who owns a path, and its mode. What is not declared is kept as it is,
// and is root, root and the usual mode where the path is made.
type Perm struct {
	// Owner is the user that owns it, by name. Default for a new path: root.
	Owner UserName `yaml:"owner,omitempty"`
	// Group is the group that owns it, by name. Default for a new path: root.
	Group GroupName `yaml:"group,omitempty"`
	// Mode is its permissions, always octal: 0644, "0644", 644 or 0o644, with
	// setuid (4), setgid (2) and sticky (1) as the first digit.
	Mode *node.Mode `yaml:"mode,omitempty"`
}

// want fills the owner, group and mode of a wish for a path.
func (p Perm) want(w node.Want) node.Want {
	w.Owner, w.Group, w.Mode = string(p.Owner), string(p.Group), node.ModeUnset
	if p.Mode != nil {
		w.Mode = *p.Mode
	}
	return w
}

// Text is where the bytes of a file come from. At most one of the three is declared.
type Text struct {
	// Content is the text itself.
	Content *string `yaml:"content,omitempty"`
	// Source is a file whose bytes are taken: beside the manifest, or at an absolute path.
	Source string `yaml:"source,omitempty"`
	// Template is a Go text/template that may use .vars and .facts; a missing key
	// is an error. It is a file beside the manifest, or, when it holds `{{` or a
	// line break, the template itself.
	Template string `yaml:"template,omitempty"`

	bytes *node.Content
}

// Fill takes the bytes from where they are declared to be.
func (t *Text) Fill(s Sources) (err error) {
	switch {
	case t.Content != nil:
		t.bytes = node.NewContent([]byte(*t.Content))
	case t.Source != "":
		t.bytes, err = s.Read(t.Source)
		err = inField(err, "source")
	case t.Template != "":
		t.bytes, err = t.render(s)
		err = inField(err, "template")
	}
	return err
}

func (t *Text) render(s Sources) (*node.Content, error) {
	if strings.Contains(t.Template, "{{") || strings.Contains(t.Template, "\n") {
		return s.Render("template", t.Template)
	}
	file, err := s.Read(t.Template)
	if err != nil {
		return nil, err
	}
	return s.Render(t.Template, string(file.Bytes()))
}

// declared is the keys of the three that are declared.
func (t *Text) declared() []string {
	var keys []string
	if t.Content != nil {
		keys = append(keys, "content")
	}
	if t.Source != "" {
		keys = append(keys, "source")
	}
	if t.Template != "" {
		keys = append(keys, "template")
	}
	return keys
}

// inField says that err, if there is one, concerns the field at the given keys.
func inField(err error, field ...string) error {
	if err == nil {
		return nil
	}
	return &FieldError{Field: field, Err: err}
}

// atMostOne is an error in the second of the keys, when there are several.
func atMostOne(keys []string) error {
	if len(keys) < 2 {
		return nil
	}
	return inField(fmt.Errorf("%s and %s exclude each other", keys[0], keys[1]), keys[1])
}
