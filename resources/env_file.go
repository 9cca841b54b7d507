package resources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/envfile"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// An EnvFile is an environment file, managed key by key: comments, order, blank
// lines and unmanaged keys survive byte for byte. A value that is written reads
// the same to systemd's EnvironmentFile=, to `set -a; . file` in sh and to dotenv
// libraries; one that cannot is refused with the reason. Differences show the
// values of `set` alone.
//
//	env_files:
//	  /etc/mnw/makenotwork.env:
//	    group: makenotwork
//	    mode: 0640
//	    set: {PORT: 3000}
//	    require: [DATABASE_URL]
type EnvFile struct {
	Path Path `yaml:"-"`
	Perm `yaml:",inline"`
	// Seed is a file on the node whose content this one begins with, copied once,
	// when this one is not there yet.
	Seed Path `yaml:"seed,omitempty"`
	// Set is keys and their values.
	Set map[string]string `yaml:"set,omitempty"`
	// Secrets is keys and their values, like set, but the values never show.
	Secrets map[string]string `yaml:"secrets,omitempty"`
	// Unset is keys that must not be there.
	Unset []string `yaml:"unset,omitempty"`
	// Require is keys that must be there, whatever their values. It is examined
	// before anything is written.
	Require []string `yaml:"require,omitempty"`
	// Exclusive owns the whole file: what is neither set nor secret goes.
	Exclusive bool `yaml:"exclusive,omitempty"`
	// State is whether it should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// privately is the mode that an environment file is made with, unless it is
// declared: such files hold secrets.
const privately node.Mode = 0o640

// ByLine says that lines of others are kept.
func (*EnvFile) ByLine() {}

// Plan is part of Resource.
func (e *EnvFile) Plan(_ context.Context, v node.View) (node.Plan, error) {
	at := string(e.Path)
	now, err := v.Lstat(at)
	if err != nil {
		return node.Plan{}, err
	}
	if now.Kind != node.Absent && now.Kind != node.File {
		return node.Plan{}, fmt.Errorf("there is %s in the way, not a file: move it away", now.A())
	}
	want := node.Want{Kind: node.Absent, Show: e.shown}
	if !e.Departs() {
		want = e.want(node.Want{Kind: node.File, Show: e.shown})
		if now.Kind == node.Absent && e.Mode == nil {
			want.Mode = privately
		}
		if want.Content, want.Origin, err = e.edited(v, now.Kind == node.File); err != nil {
			return node.Plan{}, err
		}
	}
	changes, err := node.Converge(v, at, want)
	return node.Plan{Changes: changes}, err
}

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

// shown is what a difference may show: the values of set, and no others.
func (e *EnvFile) shown(before, after []byte) node.Shown {
	b, a := envfile.Masked(envfile.Parse(before), envfile.Parse(after), func(key string) bool {
		_, public := e.Set[key]
		return public
	})
	return node.Shown{Before: string(b), After: string(a)}
}

// Examine is part of Examiner: what is required must be there.
func (e *EnvFile) Examine(_ context.Context, v node.View) error {
	if len(e.Require) == 0 || e.Departs() {
		return nil
	}
	text, err := v.ReadFile(string(e.Path))
	if err != nil {
		return err
	}
	file := envfile.Parse(text)
	var missing []string
	for _, key := range e.Require {
		if _, ok := file.Get(key); !ok {
			missing = append(missing, key)
		}
	}
	if missing != nil {
		return fmt.Errorf("require: %s would not be in it: set it there, or here under set or secrets", strings.Join(missing, ", "))
	}
	return nil
}

// Conceals is part of Secretive.
func (e *EnvFile) Conceals() []string { return slices.Collect(maps.Values(e.Secrets)) }

// Feeds is part of Feeder.
func (e *EnvFile) Feeds(v node.View) ([]string, error) {
	return unitsReading(v, string(e.Path))
}

// Owns is part of Owner.
func (e *EnvFile) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: string(e.Path)}}
}

// Needs is part of Needer: the seed is read as the manifest leaves it.
func (e *EnvFile) Needs() []node.Subject {
	if e.Seed == "" {
		return nil
	}
	return []node.Subject{{Kind: node.OfPath, Name: string(e.Seed)}}
}

// Departs is part of Departer.
func (e *EnvFile) Departs() bool { return e.State.Departs() }

// Check is part of Checker.
func (e *EnvFile) Check() error {
	var errs []error
	for _, section := range []string{"set", "secrets"} {
		keys := map[string]map[string]string{"set": e.Set, "secrets": e.Secrets}[section]
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if _, err := envfile.Quote(key, keys[key]); err != nil {
				errs = append(errs, inField(err, section, key))
			}
		}
	}
	for key := range e.Secrets {
		if _, twice := e.Set[key]; twice {
			errs = append(errs, inField(fmt.Errorf("%s stands under set as well", key), "secrets", key))
		}
	}
	all := e.all()
	for _, key := range e.Unset {
		if _, set := all[key]; set || slices.Contains(e.Require, key) {
			errs = append(errs, inField(fmt.Errorf("%s is unset, and set or required as well", key), "unset"))
		}
	}
	if e.Exclusive && e.Seed != "" {
		errs = append(errs, inField(errors.New("an exclusive file has no seed: all that is in it is declared"), "seed"))
	}
	for _, key := range e.Require {
		if _, set := all[key]; e.Exclusive && !set {
			errs = append(errs, inField(fmt.Errorf("%s is required, but an exclusive file holds only what is set here", key), "require"))
		}
	}
	return errors.Join(errs...)
}
