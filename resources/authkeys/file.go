// Package authkeys edits the text of an authorized_keys file, as sshd(8)
// describes it. It knows texts, not files.
//
// A key is what it is by its type and its base64 blob. Its comment is for
// people, and no comment of ours marks it: whoever wants a key gone names the
// key. Lines that hold other keys, comments or anything else are foreign and
// survive byte for byte, in their order.
package authkeys

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A File is the text of an authorized_keys file, taken apart.
type File struct{ lines []line }

// A line is one line, with its line end.
type line struct {
	text  string
	key   Key
	isKey bool
}

// Parse reads the text of a file. Any text is one.
func Parse(text []byte) *File {
	f := new(File)
	for s := range strings.Lines(string(text)) {
		key, _, err := readLine(s)
		f.lines = append(f.lines, line{s, key, err == nil})
	}
	return f
}

// Bytes is the text of the file; the one that was parsed, until it is changed.
func (f *File) Bytes() []byte {
	var b strings.Builder
	for _, l := range f.lines {
		b.WriteString(l.text)
	}
	return []byte(b.String())
}

// Set makes the file hold a key, in one line. Where the file has the key, its
// line stays in its place with the options and the comment that it has, unless
// k has others, and further lines with the key go. That never lets in more than
// before: sshd takes the first line that admits. Otherwise the key becomes the
// last line.
//
// A key as such and the same one as an authority (cert-authority) are two. It
// is an error when the options that would stay are ones for which sshd refuses
// the key.
func (f *File) Set(k Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	same := func(l line) bool { return l.isKey && l.key.same(k) }
	at := slices.IndexFunc(f.lines, same)
	if at < 0 {
		f.append(k)
		return nil
	}
	if err := CheckOptions(f.lines[at].key.Options); err != nil && k.Options == nil {
		return fmt.Errorf("line %d, with the key: %w; mend the line, or declare the options", at+1, err)
	}
	f.lines[at].merge(k)
	first := f.lines[:at+1]
	f.lines = append(first, slices.DeleteFunc(f.lines[at+1:], same)...)
	return nil
}

func (f *File) append(k Key) {
	if n := len(f.lines); n > 0 && !strings.HasSuffix(f.lines[n-1].text, "\n") {
		f.lines[n-1].text += "\n"
	}
	f.lines = append(f.lines, line{k.String() + "\n", k, true})
}

// merge gives the key of a line the options and the comment that k has.
func (l *line) merge(k Key) {
	if k.Options == nil {
		k.Options = l.key.Options
	}
	k.Comment = cmp.Or(k.Comment, l.key.Comment)
	if l.key.String() != k.String() {
		end := l.text[len(strings.TrimRight(l.text, "\r\n")):]
		*l = line{k.String() + end, k, true}
	}
}

// Remove takes every line with the key out of the file, whatever its options.
func (f *File) Remove(k Key) {
	f.lines = slices.DeleteFunc(f.lines, func(l line) bool { return l.isKey && l.key.Blob == k.Blob })
}

// Keep takes out of the file whatever is none of these keys, comments and
// blank lines too.
func (f *File) Keep(keys ...Key) {
	f.lines = slices.DeleteFunc(f.lines, func(l line) bool {
		return !l.isKey || !slices.ContainsFunc(keys, l.key.same)
	})
}

// Keys are the keys of the file, in their order.
func (f *File) Keys() []Key {
	var keys []Key
	for _, l := range f.lines {
		if l.isKey {
			keys = append(keys, l.key)
		}
	}
	return keys
}
