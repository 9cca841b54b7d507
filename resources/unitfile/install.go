package unitfile

import (
	"fmt"
	"path"
	"strings"
)

// Install is the [Install] section of a unit, as written: specifiers are
// resolved only for the name that is enabled.
type Install struct {
	WantedBy, RequiredBy, Alias, Also []string
	// UpheldBy is read, but makes no links: systemctl 252 does not know it.
	UpheldBy []string
	// DefaultInstance is what a template is enabled as.
	DefaultInstance string
}

// ReadInstall reads the [Install] section that "systemctl enable NAME" would
// use. Of the drop-ins only those for the name itself and for its template
// count. The error of a name without a unit file is fs.ErrNotExist.
func ReadInstall(tree Tree, name string) (Install, error) {
	in := &installer{tree: tree}
	e, err := in.discover(name)
	if err != nil {
		return Install{}, err
	}
	return e.install(), nil
}

// isEmpty reports that there is nothing that makes a link for the unit itself.
func (i Install) isEmpty() bool {
	return len(i.Alias) == 0 && len(i.WantedBy) == 0 && len(i.RequiredBy) == 0
}

// An entry is a name that an enabling has to do with.
type entry struct {
	tree      Tree
	name      unitName
	path      string // "" until it is found
	kind      entryKind
	target    string // of aliasEntry and linkedEntry: where the link leads
	auxiliary bool   // only named in Also=
	settings  []Setting
}

type entryKind int

const (
	unread      entryKind = iota
	fileEntry             // a unit file
	aliasEntry            // a link to a name in the search path
	linkedEntry           // a link to a file outside of it
	maskedEntry
)

func (e *entry) install() Install {
	i := Install{
		WantedBy:   e.list("WantedBy"),
		RequiredBy: e.list("RequiredBy"),
		UpheldBy:   e.list("UpheldBy"),
	}
	if e.name.mayAlias() {
		i.Alias = e.list("Alias")
	}
	for _, s := range e.settings {
		if s.Section == "Install" && s.Key == "Also" {
			also, _ := words(s.Value, 0)
			i.Also = append(i.Also, also...)
		}
	}
	if d := settingsOf(e.settings, "Install", "DefaultInstance"); len(d) > 0 && e.name.isTemplate() {
		i.DefaultInstance = d[len(d)-1].Value
	}
	return i
}

func (e *entry) list(key string) []string {
	var out []string
	for _, s := range settingsOf(e.settings, "Install", key) {
		list, _ := words(s.Value, quotes|backslash)
		out = append(out, list...)
	}
	return out
}

// enabledAs is the name that links get: for a template that of its default
// instance, if it has one.
func (e *entry) enabledAs() (unitName, error) {
	instance, err := expandInstall(e.tree, e.name, e.install().DefaultInstance)
	if err != nil || instance == "" {
		return e.name, err
	}
	if filled, ok := e.name.with(instance); ok {
		return filled, nil
	}
	return e.name, fmt.Errorf("DefaultInstance=%s: not a valid instance", instance)
}

// expandInstall resolves the specifiers that systemctl knows in [Install]
// sections, for a unit that is enabled as n.
func expandInstall(tree Tree, n unitName, text string) (string, error) {
	return expand(text, func(c byte) (string, error) {
		if v, ok := nameSpecifier(n, c); ok {
			return v, nil
		}
		if v, ok := managerFacts[c]; ok && strings.IndexByte("uUgG", c) >= 0 {
			return v, nil
		}
		return machineFact(tree, c)
	})
}

// installable refuses what enable and disable leave alone.
func (e *entry) installable() error {
	switch dir := path.Dir(e.path); {
	case e.kind == maskedEntry:
		return fmt.Errorf("unit %s is %w by %s", e.name, errMasked, e.path)
	case isGeneratorDir(dir) || dir == transientDir:
		return fmt.Errorf("unit %s (%s) is %w", e.name, e.path, errGenerated)
	}
	return nil
}
