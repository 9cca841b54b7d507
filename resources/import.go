package resources

import (
	"encoding"
	"errors"
	"fmt"
	"slices"
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
func (p *Perm) imports(v node.View, at string, s node.State) (notes []string) {
	p.Mode = &s.Mode
	if len(aclOf(v, at, s)) > 0 {
		notes = append(notes, fmt.Sprintf("its access control list is not declared, since no manifest has any: where it is made anew, mode %s lets its group do what the list allows some", s.Mode))
	}
	if x, err := v.Xattrs(at); err == nil && x["security.capability"] != "" {
		notes = append(notes, "its capabilities are not declared, since no manifest has any: see setcap(8)")
	}
	return slices.Concat(notes, taken(&p.Owner, "its owner", s.Owner), taken(&p.Group, "its group", s.Group))
}

// taken fills a field in with what the node has, or says why no manifest can have it.
func taken[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](field *T, what, text string) (notes []string) {
	if text == "" {
		return nil
	}
	err := P(field).UnmarshalText([]byte(text))
	if err == nil && !isText(text) {
		err = errors.New("it is no text")
	}
	if err != nil {
		var nothing T
		*field = nothing
		return []string{fmt.Sprintf("%s is not declared: %s", what, err)}
	}
	return nil
}

// isText says whether a manifest can hold it.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// imports fills in the content of a file. One that not everybody may read, or get to,
// may hold secrets, which have no place in a manifest.
func (t *Text) imports(v node.View, at string, s node.State) (notes []string, err error) {
	if !openToAll(v, at) {
		return leftOut("not everybody may read it, so it may hold secrets"), nil
	}
	return t.importsOpen(v, at, s)
}

// importsOpen fills in the content of a file that holds no secrets.
func (t *Text) importsOpen(v node.View, at string, s node.State) (notes []string, err error) {
	if s.Size > mostContent {
		return leftOut(fmt.Sprintf("it has %d bytes", s.Size)), nil
	}
	file, err := v.ReadVouched(at)
	if err != nil {
		return nil, err
	}
	text := string(file.Content.Bytes())
	if !isText(text) {
		return leftOut("it is no text"), nil
	}
	if what := mayTell(text); what != "" {
		return leftOut(what + " in it may be a secret"), nil
	}
	t.Content = &text
	return nil, nil
}

func leftOut(why string) []string {
	return []string{"its content is not declared: " + why + ": to manage it, put it beside the manifest (source)"}
}
