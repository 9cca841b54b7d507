// Package envfile edits environment files, the KEY=value lines that systemd's
// EnvironmentFile=, `set -a; . file` in sh, and dotenv libraries read.
//
// These agree on much less than it seems. So each of them has a model here, and
// an edit counts only when every reader, given the whole new file, finds what
// was meant; otherwise it is refused with the reason, and the file stays as it
// was. Lines that an edit is not about are kept byte for byte.
package envfile

import (
	"bytes"
	"slices"
)

// A File is the text of an environment file, with the edits made to it. It is
// not for concurrent use.
type File struct {
	text    []byte
	entries []entry
	looks   []look // of all readers; nil until they are asked
	vars    reading
	refused error
}

// Parse takes any text.
func Parse(text []byte) *File {
	f := &File{}
	f.load(bytes.Clone(text), nil)
	return f
}

func (f *File) load(text []byte, looks []look) {
	f.text, f.entries, f.looks = text, slices.Collect(entries(text, true)), looks
	f.vars, f.refused = systemd(text, true)
}

func (f *File) read() []look {
	if f.looks == nil {
		f.looks = readAll(f.text)
	}
	return f.looks
}

// Bytes returns the text: the one that was parsed, as long as nothing is edited.
func (f *File) Bytes() []byte { return bytes.Clone(f.text) }

// Refused tells why systemd takes nothing at all from the file, and does not
// start the unit. It is nil when systemd reads the file.
func (f *File) Refused() error { return f.refused }

// Get returns the value that a unit with this EnvironmentFile= gets. The last of
// several assignments counts; `export KEY=value` is none, systemd skips it.
func (f *File) Get(key string) (value string, ok bool) {
	got, ok := f.vars[key]
	return got.value, ok
}

// Keys are those that Get finds, in order of first appearance.
func (f *File) Keys() []string {
	var keys []string
	listed := map[string]bool{}
	for _, e := range f.entries {
		if _, ok := f.vars[e.key]; ok && !listed[e.key] {
			listed[e.key] = true
			keys = append(keys, e.key)
		}
	}
	return keys
}

// Exported are the names that stand in `export KEY=value` alone, which systemd skips.
func (f *File) Exported() []string {
	var names []string
	for _, e := range f.entries {
		name := e.name()
		_, err := Quote(name, "")
		if _, ok := f.vars[name]; !ok && name != e.key && err == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
