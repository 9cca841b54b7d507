package resources

import (
	"encoding"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file is what importing paths has in common, for the types that are paths.

// mostContent is how much of a file's content is put into a manifest.
const mostContent = 64 << 10

// found is what lies at a path, which must be of a kind.
func found(v node.View, at string, kind node.Kind) (node.State, error) {
	now, err := v.Lstat(at)
	switch {
	case err != nil:
		return now, err
	case now.Kind == node.Absent:
		return now, fmt.Errorf("there is no %s", at)
	case now.Kind != kind:
		return now, fmt.Errorf("%s is %s", at, now.A())
	}
	return now, nil
}

// imports fills in who owns a path, and its mode.
func (p *Perm) imports(s node.State) (notes []string) {
	p.Mode = &s.Mode
	return append(taken(&p.Owner, "its owner", s.Owner), taken(&p.Group, "its group", s.Group)...)
}

// taken fills a field in with what the node has, or says why no manifest can have it.
func taken[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](field *T, what, text string) (notes []string) {
	if text == "" {
		return nil
	}
	if err := P(field).UnmarshalText([]byte(text)); err != nil {
		var nothing T
		*field = nothing
		return []string{fmt.Sprintf("%s is not declared: %s", what, err)}
	}
	return nil
}

// imports fills in the content of a file. One that not everybody may read may hold
// secrets, which have no place in a manifest.
func (t *Text) imports(v node.View, at string, s node.State) (notes []string, err error) {
	why := ""
	switch {
	case s.Mode&0o004 == 0:
		why = "not everybody may read it, so it may hold secrets"
	case s.Size > mostContent:
		why = fmt.Sprintf("it has %d bytes", s.Size)
	}
	if why == "" {
		file, err := v.ReadVouched(at)
		if err != nil {
			return nil, err
		}
		text := string(file.Content.Bytes())
		if utf8.ValidString(text) && !strings.ContainsRune(text, 0) {
			t.Content = &text
			return nil, nil
		}
		why = "it is no text"
	}
	return []string{"its content is not declared: " + why + ": to manage it, put it beside the manifest (source)"}, nil
}
