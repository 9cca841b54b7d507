package resources

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/envfile"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// edited is what the file should hold, made from what it, or its seed, holds.
func (e *EnvFile) edited(v node.View, exists bool) (*node.Content, *node.Origin, error) {
	file, origin, err := e.begin(v, exists)
	if err != nil {
		return nil, nil, err
	}
	if e.Exclusive && !e.isAll(file) {
		file = envfile.Parse(nil)
	}
	for _, key := range e.Unset {
		if err := file.Unset(key); err != nil {
			return nil, nil, fmt.Errorf("unset: %w", err)
		}
	}
	all := e.all()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if err := file.Set(key, all[key]); err != nil {
			return nil, nil, fmt.Errorf("set: %w", err)
		}
	}
	return node.NewContent(file.Bytes()), origin, nil
}

// begin is what the file holds, or its seed, and which of the two.
func (e *EnvFile) begin(v node.View, exists bool) (*envfile.File, *node.Origin, error) {
	origin := &node.Origin{Path: string(e.Path)}
	switch {
	case !exists && e.Seed == "":
		return envfile.Parse(nil), nil, nil
	case !exists:
		origin.Path = string(e.Seed)
	}
	var err error
	origin.State, err = v.ReadVouched(origin.Path)
	if !exists && errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("seed: there is no file %s to begin with", e.Seed)
	}
	if err != nil {
		return nil, nil, err
	}
	return envfile.Parse(origin.State.Content.Bytes()), origin, nil
}

// isAll says whether a file holds the declared keys and nothing besides.
func (e *EnvFile) isAll(file *envfile.File) bool {
	fresh := envfile.Parse(nil)
	all := e.all()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if fresh.Set(key, all[key]) != nil {
			return false
		}
	}
	return string(fresh.Bytes()) == string(file.Bytes())
}

// all is the keys that are set and those that are secret.
func (e *EnvFile) all() map[string]string {
	all := maps.Clone(e.Set)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, e.Secrets)
	return all
}
