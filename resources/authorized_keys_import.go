package resources

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/authkeys"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// Import is part of Importer. A key is named after its comment.
func (a *AuthorizedKeys) Import(v node.View) (notes []string, err error) {
	user, ok := v.User(string(a.User))
	if !ok {
		return nil, fmt.Errorf("there is no user %q", a.User)
	}
	at := path.Join(user.Home, ".ssh/authorized_keys")
	if _, err := found(v, at, node.File); err != nil {
		return nil, err
	}
	file, err := v.ReadVouched(at)
	if err != nil {
		return nil, err
	}
	a.Keys = map[string]*AuthorizedKey{}
	blobs := map[string]int{}
	keys := authkeys.Parse(file.Content.Bytes()).Keys()
	for _, key := range keys {
		blobs[key.Blob]++
	}
	for _, key := range keys {
		name := cmp.Or(strings.TrimSpace(key.Comment), key.Type)
		for n, first := 2, name; a.Keys[name] != nil; n++ {
			name = fmt.Sprintf("%s (%d)", first, n)
		}
		declared := &AuthorizedKey{Key: key.String()}
		if _, err := declared.parse(); err != nil {
			notes = append(notes, fmt.Sprintf("%s is not declared: %s", name, err))
		} else if slices.ContainsFunc(key.Options, setsEnvironment) {
			notes = append(notes, name+" is not declared: its option environment may hold a secret")
		} else if blobs[key.Blob] > 1 {
			notes = append(notes, fmt.Sprintf("%s is not declared: its key stands there %d times", name, blobs[key.Blob]))
		} else {
			a.Keys[name] = declared
		}
	}
	return notes, nil
}

func setsEnvironment(option string) bool {
	return strings.HasPrefix(strings.ToLower(option), "environment=")
}
