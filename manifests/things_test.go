package manifests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// The language is tested on types of its own, so that a test of it says nothing
// about what can be managed.

// things are those types.
var things = []resources.Type{
	{Section: "files", Name: "file", New: func(name string) resources.Resource { return &file{Path: resources.Path(name)} }},
	{Section: "links", Name: "link", New: func(name string) resources.Resource { return &link{Path: resources.Path(name)} }},
	{Section: "jobs", Name: "job", New: func(name string) resources.Resource { return &job{User: resources.UserName(name)} }},
	{Section: "units", Name: "unit", New: func(name string) resources.Resource { return &unit{Name: name} }},
}

// A file is a thing that owns its path.
//
//	files:
//	  /etc/motd: {content: hello, mode: 0644}
type file struct {
	Path           resources.Path `yaml:"-"`
	resources.Text `yaml:",inline"`
	resources.Perm `yaml:",inline"`
	// State is whether it should be there. Default: present.
	State resources.Presence `yaml:"state,omitempty"`
}

func (f *file) Owns() []node.Subject { return ownsPath(f.Path) }
func (f *file) Check() error {
	if f.State.Departs() && f.Mode != nil {
		return inField(errors.New("what is absent has no mode"), "mode")
	}
	return nil
}

// A link is another thing that owns a path.
type link struct {
	Path resources.Path `yaml:"-"`
	// Target is where it leads.
	Target string `yaml:"target,omitempty"`
}

func (k *link) Owns() []node.Subject { return ownsPath(k.Path) }
func (k *link) Check() error {
	if k.Target == "" {
		return inField(errors.New("a link needs a target"), "target")
	}
	return nil
}

// A job is a thing with values inside values.
//
//	jobs:
//	  max:
//	    runs:
//	      backup: {command: x}
type job struct {
	User resources.UserName `yaml:"-"`
	// Runs are what it does, by name.
	Runs map[string]run `yaml:"runs,omitempty"`
	// Env are variables for all runs.
	Env map[envName]string `yaml:"env,omitempty"`
	// Steps come one after the other.
	Steps []run `yaml:"steps,omitempty"`
}

// A run is one of the things that a job does.
type run struct {
	// Command is what the shell gets.
	Command string `yaml:"command,omitempty"`
	// Users may start it.
	Users []resources.UserName `yaml:"users,omitempty"`
}

func (j *job) Check() error {
	var errs []error
	for name, r := range j.Runs {
		if r.Command == "" {
			errs = append(errs, inField(errors.New("a run needs a command"), "runs", name, "command"))
		}
		if len(r.Users) == 1 {
			errs = append(errs, inField(errors.New("one user is too few"), "runs", name, "users"))
		}
	}
	if len(j.Steps) > 2 {
		errs = append(errs, inField(errors.New("the third step is too many"), "steps", "2"))
	}
	if j.User == "nobody" {
		errs = append(errs, errors.New("nobody has no jobs"))
	}
	return errors.Join(errs...)
}

// An envName is a name of upper-case letters.
type envName string

func (n *envName) UnmarshalText(text []byte) error {
	*n = envName(text)
	if slices.ContainsFunc(text, func(c byte) bool { return c < 'A' || c > 'Z' }) {
		return fmt.Errorf("%q is not a name for a variable", text)
	}
	return nil
}

// A unit is a thing with numbers and choices.
type unit struct {
	Name string `yaml:"-"`
	// Enabled starts it at boot. Not managed when it is not declared.
	Enabled *bool `yaml:"enabled,omitempty"`
	// Limit is how long it may take.
	Limit time.Duration `yaml:"limit,omitempty"`
	// Tries is how often it is tried.
	Tries int `yaml:"tries,omitempty"`
	// Weight is how much it weighs.
	Weight *uint8 `yaml:"weight,omitempty"`
	// OnChange is what happens then.
	OnChange action `yaml:"on_change,omitempty"`
	// Kept is not in a manifest.
	Kept string `yaml:"-"`
}

// An action is one of a few words.
type action string

func (action) Values() []string { return []string{"restart", "reload"} }

func (a *action) UnmarshalText(text []byte) error {
	if *a = action(text); !slices.Contains(a.Values(), string(text)) {
		return fmt.Errorf("%q is neither restart nor reload", text)
	}
	return nil
}

func (f *file) Plan(context.Context, node.View) (node.Plan, error) { return node.Plan{}, nil }
func (k *link) Plan(context.Context, node.View) (node.Plan, error) { return node.Plan{}, nil }
func (j *job) Plan(context.Context, node.View) (node.Plan, error)  { return node.Plan{}, nil }
func (u *unit) Plan(context.Context, node.View) (node.Plan, error) { return node.Plan{}, nil }

func ownsPath(p resources.Path) []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: string(p)}}
}

func inField(err error, keys ...string) error { return &resources.FieldError{Field: keys, Err: err} }
