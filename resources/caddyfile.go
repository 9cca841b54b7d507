package resources

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// A Caddyfile is a configuration of the Caddy web server: its whole content, or
// edits in one that somebody else owns. `caddy validate` judges it in its place,
// as the user and with the environment of the unit that runs it, before anything
// is written; then the unit is reloaded when it is running, never restarted.
//
//	caddyfiles:
//	  /etc/caddy/Caddyfile:
//	    replace: {/opt/makenotwork/error-pages: /opt/mnw/current/error-pages}
type Caddyfile struct {
	Path Path `yaml:"-"`
	Text `yaml:",inline"`
	Edit `yaml:",inline"`
	Perm `yaml:",inline"`
	// Unit is the unit that runs it. Default: caddy.service.
	Unit string `yaml:"unit,omitempty"`
	// State is whether it should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// Plan is part of Resource.
func (c *Caddyfile) Plan(ctx context.Context, v node.View) (node.Plan, error) {
	return c.file().Plan(ctx, v)
}

// file is the Caddyfile as a mere file.
func (c *Caddyfile) file() *File {
	return &File{Path: c.Path, Text: c.Text, Edit: c.Edit, Perm: c.Perm, State: c.State}
}

// Import is part of Importer.
func (c *Caddyfile) Import(v node.View) ([]string, error) {
	f := File{Path: c.Path}
	notes, err := f.Import(v)
	c.Text, c.Perm = f.Text, f.Perm
	return notes, err
}

// Judges is part of Judged.
func (c *Caddyfile) Judges(v node.View) ([]node.Judge, error) {
	if c.Departs() {
		return nil, nil
	}
	judge := node.Judge{
		Argv:    []string{"caddy", "validate", "--adapter", "caddyfile", "--config", string(c.Path)},
		Limit:   judgeLimit,
		Reads:   c.loads(v),
		Own:     []string{string(c.Path) + ":"},
		Package: "caddy",
		Calm: []string{`"level":"info"`, "Valid configuration", "automatic HTTPS is completely disabled",
			"input is not formatted"},
	}
	unit, err := unitfile.Load(v, c.unit())
	if err != nil || unit.Fragment == "" {
		return []node.Judge{judge}, err
	}
	judge.User = unit.User()
	judge.Env, err = unitEnvironment(v, unit)
	return []node.Judge{judge}, err
}

// unitEnvironment is the environment that a unit's files give its processes:
// Environment=, then the environment files, the later ones winning.
func unitEnvironment(v node.View, unit *unitfile.Unit) ([]string, error) {
	env := slices.Clone(unit.Environment())
	set, err := environment(v, environmentFiles(v, unit))
	if err != nil {
		return nil, fmt.Errorf("environment of %s: %w", unit.Name, err)
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		env = append(env, key+"="+set[key].value)
	}
	return env, nil
}

// Runs is part of Runner.
func (c *Caddyfile) Runs() []RunNeed {
	if c.Departs() {
		return nil
	}
	return []RunNeed{{Unit: c.unit(), Loads: c.loads}}
}

func (c *Caddyfile) unit() string {
	if c.Unit == "" {
		return "caddy.service"
	}
	return c.Unit
}

// loads is the files that caddy reads for this Caddyfile: itself and what it
// imports, and what that imports. Patterns stand for the files they match, and
// for their directory, where another one may appear.
func (c *Caddyfile) loads(v node.View) []string {
	files, known := []string{string(c.Path)}, map[string]bool{string(c.Path): true}
	for i := 0; i < len(files); i++ {
		text, err := v.ReadFile(files[i])
		if err != nil {
			continue
		}
		for _, pattern := range imports(string(text)) {
			for _, file := range matches(v, target(files[i], pattern)) {
				if !known[file] {
					known[file] = true
					files = append(files, file)
				}
			}
		}
	}
	return files
}

// imports is the arguments of the import directives in a Caddyfile. The name of
// a snippet looks like the name of a file that is not there, and does no harm.
func imports(text string) []string {
	var patterns []string
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "import")
		if arg := strings.TrimLeftFunc(rest, unicode.IsSpace); ok && arg != rest && arg != "" {
			patterns = append(patterns, caddyWord(arg))
		}
	}
	return patterns
}

// caddyWord is the first word of a text, which may be in double quotes, with a
// backslash before one that it holds, or in backquotes.
func caddyWord(text string) string {
	quote := text[0]
	if quote != '"' && quote != '`' {
		return strings.Fields(text)[0]
	}
	var word strings.Builder
	for i := 1; i < len(text) && text[i] != quote; i++ {
		if quote == '"' && text[i] == '\\' && i+1 < len(text) {
			if i++; text[i] != '"' {
				word.WriteByte('\\')
			}
		}
		word.WriteByte(text[i])
	}
	return word.String()
}

// matches is the directory and the files that a pattern with * and ? in its last
// step stands for.
func matches(v node.View, pattern string) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}
	}
	files, err := glob(v, pattern)
	if err != nil {
		return nil
	}
	return append([]string{path.Dir(pattern)}, files...)
}

// Owns is part of Owner.
func (c *Caddyfile) Owns() []node.Subject {
	return []node.Subject{{Kind: node.OfPath, Name: string(c.Path)}}
}

// Departs is part of Departer.
func (c *Caddyfile) Departs() bool { return c.State.Departs() }

// Check is part of Checker.
func (c *Caddyfile) Check() error {
	err := c.file().Check()
	if c.Unit != "" && !strings.HasSuffix(c.Unit, ".service") {
		err = errors.Join(err, inField(fmt.Errorf("%q is not the name of a service: want caddy.service, say", c.Unit), "unit"))
	}
	return err
}
