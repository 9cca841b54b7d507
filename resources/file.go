package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A File is a file: its whole content, or lines and replacements in a file that
// somebody else owns; its owner, group and mode.
//
//	files:
//	  /etc/motd: {content: "Welcome.\n", mode: 0644}
//	  /etc/ssh/sshd_config.d/10-mnw.conf:
//	    lines: ["PasswordAuthentication no"]
//	    validate: [sshd, -t]
type File struct {
	Path    Path `yaml:"-"`
	Text    `yaml:",inline"`
	Perm    `yaml:",inline"`
	Edit    `yaml:",inline"`
	Readers `yaml:",inline"`
	// Validate is a program and its arguments that must end with status 0 in a
	// preview of the node in which the file has its new content, at its path. It
	// runs as root, without a network, before anything is written.
	Validate []string `yaml:"validate,omitempty"`
	// Sensitive keeps the content out of every difference that is shown.
	Sensitive bool `yaml:"sensitive,omitempty"`
	// State is whether it should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// Plan is part of Resource.
func (f *File) Plan(_ context.Context, v node.View) (node.Plan, error) {
	at := string(f.Path)
	want := f.want(node.Want{Kind: node.File, Content: f.bytes})
	if f.Sensitive {
		want.Show = hidden
	}
	if f.Departs() {
		now, err := v.Lstat(at)
		if err == nil && now.Kind != node.Absent && now.Kind != node.File {
			err = fmt.Errorf("it is %s, not a file: move it away", now.A())
		}
		if err != nil {
			return node.Plan{}, err
		}
		changes, err := node.Converge(v, at, node.Want{Kind: node.Absent, Show: want.Show})
		return node.Plan{Changes: changes}, err
	}
	if f.edits() {
		var err error
		if want.Content, want.Origin, err = f.edited(v, at); err != nil {
			return node.Plan{}, err
		}
	}
	changes, err := node.Converge(v, at, want)
	return node.Plan{Changes: changes}, err
}

// hidden shows nothing of two contents but that they differ.
func hidden(before, after []byte) node.Shown {
	return node.Shown{Before: concealed(before, "before"), After: concealed(after, "after")}
}

func concealed(text []byte, when string) string {
	if len(text) == 0 {
		return ""
	}
	return fmt.Sprintf("(sensitive content, hidden: %d bytes %s)\n", len(text), when)
}

// Import is part of Importer.
func (f *File) Import(v node.View) ([]string, error) {
	now, err := found(v, string(f.Path), node.File)
	if err != nil {
		return nil, err
	}
	notes, err := f.Text.imports(v, string(f.Path), now)
	if len(notes) > 0 {
		notes[0] += ", or it is made empty where it is not there"
	}
	return append(f.Perm.imports(v, string(f.Path), now), notes...), err
}

// Judges is part of Judged.
func (f *File) Judges(node.View) ([]node.Judge, error) {
	if len(f.Validate) == 0 || f.Departs() {
		return nil, nil
	}
	return []node.Judge{{Argv: f.Validate, Limit: judgeLimit, Reads: []string{string(f.Path)}, Own: []string{""}}}, nil
}

// Examine is part of Examiner.
func (f *File) Examine(_ context.Context, v node.View) error {
	if f.Departs() {
		return nil
	}
	return f.Readers.examine(v, f.Path)
}

// Conceals is part of Secretive.
func (f *File) Conceals() []string {
	if !f.Sensitive {
		return nil
	}
	texts := slices.Clone(f.Lines)
	for old, new := range f.Replace {
		texts = append(texts, old, new)
	}
	if f.bytes != nil {
		texts = append(texts, string(f.bytes.Bytes()))
	}
	return strings.Split(strings.Join(texts, "\n"), "\n")
}

// Owns is part of Owner.
func (f *File) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: string(f.Path)}}
}

// Departs is part of Departer.
func (f *File) Departs() bool { return f.State.Departs() }

// Check is part of Checker.
func (f *File) Check() error {
	whole := f.declared()
	return errors.Join(atMostOne(whole), f.check(), f.beside(whole, "file"))
}
