package resources

import (
	"bytes"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/envfile"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// Import is part of Importer. Only values that are clearly no secrets are declared, such
// as paths, numbers and addresses; of all other keys it is that they must be there.
func (e *EnvFile) Import(v node.View) ([]string, error) {
	now, err := found(v, string(e.Path), node.File)
	if err != nil {
		return nil, err
	}
	read, err := v.ReadVouched(string(e.Path))
	if err != nil {
		return nil, err
	}
	notes := e.Perm.imports(v, string(e.Path), now)
	text := read.Content.Bytes()
	file := envfile.Parse(text)
	if why := file.Refused(); why != nil {
		return append(notes, "no key is declared, since systemd takes nothing from the file: "+why.Error()), nil
	}
	if skipped := file.Exported(); len(skipped) > 0 {
		notes = append(notes, strings.Join(skipped, ", ")+": not declared, since systemd skips lines with export")
	}
	set := map[string]string{}
	for _, key := range slices.Sorted(slices.Values(file.Keys())) {
		value, _ := file.Get(key)
		switch {
		case !harmless(v, key, value):
			e.Require = append(e.Require, key)
		case file.Set(key, value) == nil && bytes.Equal(file.Bytes(), text):
			set[key] = value
		default: // to set it would write it anew
			e.Require = append(e.Require, key)
			file = envfile.Parse(text)
		}
	}
	if len(set) > 0 {
		e.Set = set
	}
	if len(e.Require) > 0 {
		notes = append(notes, "the values of the keys under require are not declared: they may be secrets, or are not written as they would be")
	}
	return notes, nil
}
