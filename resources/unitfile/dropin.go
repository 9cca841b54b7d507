package unitfile

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// family are the names whose drop-ins a unit has, its own first: the template
// of an instance, and what is left of the name when it is cut after a dash
// ("foo-bar.service", "foo-.service").
func family(n unitName) []unitName {
	out := []unitName{n}
	if n.isInstance() {
		out = append(out, family(unitName{prefix: n.prefix, at: true, typ: n.typ})...)
	}
	prefix := cutAtDash(n.prefix)
	if prefix == "" {
		return out
	}
	return append(out, family(unitName{prefix: prefix, at: n.isInstance(), instance: n.instance, typ: n.typ})...)
}

// cutAtDash is prefix up to its last dash, that included, where more follows.
// A dash that ends the prefix does not count, but only one of them.
func cutAtDash(prefix string) string {
	prefix = strings.TrimSuffix(prefix, "-")
	i := strings.LastIndexByte(prefix, '-')
	if i <= 0 {
		return ""
	}
	return prefix[:i+1]
}

// companions are the directories "NAME.suffix" that exist for the unit with
// these names, in the order in which they win: by name, the main one first,
// then by search path, then from the special to the general. The one for all
// units of the type ("service.d") comes last.
func (f *finder) companions(names []string, suffix string) []string {
	var out []string
	add := func(dir, name string) {
		if !f.has(dir, name+suffix) {
			return
		}
		if p := f.directory(dir + "/" + name + suffix); p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, name := range names {
		n, _ := parseName(name)
		members := family(n)
		for _, dir := range SearchPath {
			for _, member := range members {
				add(dir, member.String())
			}
		}
	}
	n, _ := parseName(names[0])
	for _, dir := range SearchPath {
		add(dir, n.typ)
	}
	return out
}

// directory is p with links resolved, or "" if the manager takes it for none:
// where p is a relative link, systemd 252 looks for what it points at from the
// root directory, and so does not see a link to its neighbour.
func (f *finder) directory(p string) string {
	if target, err := f.tree.Readlink(p); err == nil && !isDir(f.tree, path.Join("/", target)) {
		return ""
	}
	if p, err := resolve(f.tree, p, true); err == nil && isDir(f.tree, p) {
		return p
	}
	return ""
}

// dropIns are the drop-in files in these directories: ordered by file name, and
// of two with one name that of the earlier directory.
func dropIns(tree Tree, dirs []string) ([]string, error) {
	where := map[string]string{}
	for _, dir := range dirs {
		names, err := tree.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("drop-ins: %w", err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, ".conf") || strings.HasPrefix(name, ".") {
				continue
			}
			if _, shadowed := where[name]; !shadowed {
				where[name] = dir + "/" + name
			}
		}
	}
	out := make([]string, 0, len(where))
	for _, name := range slices.Sorted(maps.Keys(where)) {
		out = append(out, where[name])
	}
	return out, nil
}
