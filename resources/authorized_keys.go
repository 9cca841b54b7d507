package resources

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/authkeys"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// An AuthorizedKeys is keys by name in a user's ~/.ssh/authorized_keys. Foreign
// lines are kept byte for byte. A key that is there already is adopted where it
// stands, with its options, unless others are declared. The directory is made
// 0700 and the file 0600, both the user's own, and so is a home that is not there
// yet.
//
//	authorized_keys:
//	  git:
//	    keys:
//	      laptop: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ… max@laptop
type AuthorizedKeys struct {
	User UserName `yaml:"-"`
	// Keys are the keys, each under a name of its own: a line as it stands in a
	// .pub file or an authorized_keys file, or such a line with more said of it.
	Keys map[string]*AuthorizedKey `yaml:"keys,omitempty"`
	// Exclusive owns the whole file: foreign keys and comments go.
	Exclusive bool `yaml:"exclusive,omitempty"`
}

// An AuthorizedKey is one key that lets somebody in.
type AuthorizedKey struct {
	// Key is the key as it stands in a .pub file, or with options before it.
	Key string `yaml:"key"`
	// Options are what sshd holds the key to, as in sshd(8): restrict,
	// command="…". Without them a key that is there keeps those it has.
	Options []string `yaml:"options,omitempty"`
	// State is whether the key should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// UnmarshalText takes a key that is written as a mere line.
func (k *AuthorizedKey) UnmarshalText(text []byte) error {
	k.Key = string(text)
	_, err := k.parse()
	return err
}

func (k *AuthorizedKey) parse() (authkeys.Key, error) {
	key, err := authkeys.ParseKey(k.Key)
	if err != nil || k.Options == nil {
		return key, err
	}
	if key.Options != nil {
		return key, errors.New("the options stand before the key and under options as well")
	}
	key.Options = k.Options
	return key, authkeys.CheckOptions(k.Options)
}

// ByLine says that lines of others are kept.
func (*AuthorizedKeys) ByLine() {}

// Plan is part of Resource.
func (a *AuthorizedKeys) Plan(_ context.Context, v node.View) (node.Plan, error) {
	user, ok := v.User(string(a.User))
	if !ok {
		return node.Plan{}, fmt.Errorf("no user %q", a.User)
	}
	if user.Home == "" || user.Home == nowhere {
		return node.Plan{}, fmt.Errorf("user %s has no home: declare one under users", a.User)
	}
	var plan node.Plan
	bring := func(at string, w node.Want) error {
		w.Owner, w.Group = user.Name, user.Group
		changes, err := node.Converge(v, at, w)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		plan.Changes = append(plan.Changes, changes...)
		v = v.With(changes...)
		return nil
	}
	if home, err := v.Lstat(user.Home); err == nil && home.Kind == node.Absent {
		if err := bring(user.Home, node.Want{Kind: node.Directory, Mode: node.ModeUnset}); err != nil {
			return node.Plan{}, err
		}
	}
	dir := path.Join(user.Home, ".ssh")
	if err := bring(dir, node.Want{Kind: node.Directory, Mode: 0o700}); err != nil {
		return node.Plan{}, err
	}
	file := path.Join(dir, "authorized_keys")
	content, origin, err := a.edited(v, file)
	if err != nil {
		return node.Plan{}, fmt.Errorf("%s: %w", file, err)
	}
	err = bring(file, node.Want{Kind: node.File, Mode: 0o600, Content: content, Origin: origin})
	return plan, err
}

// nowhere is the home of users who have none, as Debian writes it.
const nowhere = "/nonexistent"

// edited is what the file should hold.
func (a *AuthorizedKeys) edited(v node.View, at string) (*node.Content, *node.Origin, error) {
	now, err := v.Lstat(at)
	if err != nil {
		return nil, nil, err
	}
	var text []byte
	var origin *node.Origin
	if now.Kind == node.File {
		found, err := v.ReadVouched(at)
		if err != nil {
			return nil, nil, err
		}
		text, origin = found.Content.Bytes(), &node.Origin{Path: at, State: found}
	}
	file := authkeys.Parse(text)
	var keep []authkeys.Key
	for _, name := range slices.Sorted(maps.Keys(a.Keys)) {
		key, err := a.Keys[name].parse()
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("key %s: %w", name, err)
		case a.Keys[name].State.Departs():
			file.Remove(key)
			continue
		}
		keep = append(keep, key)
		if err := file.Set(key); err != nil {
			return nil, nil, fmt.Errorf("key %s: %w", name, err)
		}
	}
	if a.Exclusive {
		file.Keep(keep...)
	}
	return node.NewContent(file.Bytes()), origin, nil
}

// Latecomes is part of Latecomer: the file is in the user's home, wherever that is.
func (a *AuthorizedKeys) Latecomes() {}

// Check is part of Checker.
func (a *AuthorizedKeys) Check() error {
	var errs []error
	blobs := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(a.Keys)) {
		declared := a.Keys[name]
		if declared == nil || declared.Key == "" {
			errs = append(errs, inField(errors.New("the key is missing"), "keys", name))
			continue
		}
		key, err := declared.parse()
		if err != nil {
			errs = append(errs, inField(err, "keys", name))
		} else if other, twice := blobs[key.Blob]; twice {
			errs = append(errs, inField(fmt.Errorf("it is the same key as %s", other), "keys", name))
		}
		blobs[key.Blob] = name
	}
	return errors.Join(errs...)
}
