package unitfile

import (
	"errors"
	"path"
	"slices"
	"strings"
)

// unitName is a unit name taken apart, as in systemd.unit(5): in
// "foo@bar.service" the prefix is foo, the instance bar, the type service.
// In a template, "foo@.service", the instance is empty.
type unitName struct {
	prefix   string
	at       bool // there is an "@": an instance or a template
	instance string
	typ      string
}

var unitTypes = []string{"service", "socket", "target", "device", "mount", "automount",
	"swap", "timer", "path", "slice", "scope"}

var errInvalidName = errors.New("not a valid unit name")

// maxUnitName is the length that a unit name must stay below.
const maxUnitName = 256

// IsName says whether it is what systemd.unit(5) takes for the name of a unit.
func IsName(s string) bool {
	_, ok := parseName(s)
	return ok
}

func parseName(s string) (unitName, bool) {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || len(s) >= maxUnitName || !slices.Contains(unitTypes, s[dot+1:]) {
		return unitName{}, false
	}
	n := unitName{typ: s[dot+1:]}
	n.prefix, n.instance, n.at = strings.Cut(s[:dot], "@")
	return n, n.prefix != "" && inUnitCharset(s[:dot])
}

// inUnitCharset reports whether s has only the characters of unit names.
func inUnitCharset(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte(`:-_.\@`, c) < 0 {
			return false
		}
	}
	return true
}

func (n unitName) String() string {
	if n.at {
		return n.prefix + "@" + n.instance + "." + n.typ
	}
	return n.prefix + "." + n.typ
}

func (n unitName) isInstance() bool { return n.at && n.instance != "" }
func (n unitName) isTemplate() bool { return n.at && n.instance == "" }
func (n unitName) isPlain() bool    { return !n.at }

// template is "foo@.service" for an instance or template, "" for a plain name.
func (n unitName) template() string {
	if !n.at {
		return ""
	}
	return n.prefix + "@." + n.typ
}

// with is the template or instance n, for another instance. It is not ok when
// no valid instance name results.
func (n unitName) with(instance string) (unitName, bool) {
	if !n.at {
		return n, false
	}
	n.instance = instance
	return n, instance != "" && inUnitCharset(instance) && len(n.String()) < maxUnitName
}

func (n unitName) mayAlias() bool {
	switch n.typ {
	case "service", "socket", "target", "device", "timer", "path":
		return true
	}
	return false
}

func (n unitName) mayBeTemplate() bool {
	return n.mayAlias() && n.typ != "device"
}

// mayAliasTo reports whether a link named n may stand for the unit that dst
// names: same type, same form, and an instance only for the same instance or
// for a template.
func (n unitName) mayAliasTo(dst string) bool {
	d, ok := parseName(dst)
	switch {
	case !ok, d.typ != n.typ, !n.mayAlias(), n.at && !n.mayBeTemplate():
		return false
	case n.isInstance():
		return d.isTemplate() || d.isInstance() && d.instance == n.instance
	}
	return n.at == d.at && d.instance == ""
}

// mainName is the name of the unit whose fragment is at path: its file name,
// with the instance that was asked for where that is a template.
func mainName(fragment string, asked unitName) unitName {
	n, _ := parseName(path.Base(fragment))
	if n.isTemplate() && asked.isInstance() {
		n.instance = asked.instance
	}
	return n
}
