package resources

import (
	"context"
	"errors"
	"fmt"
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
	Path    Path `yaml:"-"`
	Perm    `yaml:",inline"`
	Readers `yaml:",inline"`
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
	// Types is what the values of keys must be, by key: path, port, url, secret, or
	// {secret: 32}. A path is absolute, there is something, and the user of each
	// service that reads this file when it starts can read it.
	// A port is 1 to 65535. A url has a scheme and a host. A secret has 16
	// characters, or as many as are said here, and its value never shows. Declared
	// values are examined when the manifest is read, and all that the file would
	// hold, whoever wrote it, before anything is written. What is not there is
	// nothing to be examined: require says that it must be.
	Types map[string]ValueType `yaml:"types,omitempty"`
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

// shown is what a difference may show: the values of set that are not declared
// to be secret, and no others.
func (e *EnvFile) shown(before, after []byte) node.Shown {
	b, a := envfile.Masked(envfile.Parse(before), envfile.Parse(after), e.isPublic)
	return node.Shown{Before: string(b), After: string(a)}
}

// Examine is part of Examiner: what is required must be there, and be what it is
// declared to be.
func (e *EnvFile) Examine(_ context.Context, v node.View) error {
	if e.Departs() {
		return nil
	}
	unread := e.Readers.examine(v, e.Path)
	if len(e.Require) == 0 && len(e.Types) == 0 {
		return unread
	}
	text, err := v.ReadFile(string(e.Path))
	if err != nil {
		return err
	}
	file := envfile.Parse(text)
	return errors.Join(e.examineKeys(file), e.examineTypes(v, file), unread)
}

func (e *EnvFile) examineKeys(file *envfile.File) error {
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
func (e *EnvFile) Conceals() []string {
	secrets := slices.Collect(maps.Values(e.Secrets))
	for key, value := range e.Set {
		if !e.isPublic(key) {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

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
