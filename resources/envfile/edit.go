package envfile

import (
	"bytes"
	"fmt"
	"slices"
)

// Set makes every reader read value for key. The first assignment is replaced
// in its place and the others go; without one the line is appended. One that
// stands alone and already reads as value stays as it is.
//
// What is written ends in LF and has neither `export`, which systemd does not
// know, nor a comment behind it, which systemd takes for a part of the value.
//
// The error says why value cannot be written, or which line makes a reader miss
// it, and shows nothing of a value. The file is then as it was.
func (f *File) Set(key, value string) error {
	places := f.places(key)
	if _, missed := misses(f.read(), key, value); len(places) == 1 && !missed {
		return nil
	}
	line, err := Quote(key, value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := f.separable(key); err != nil {
		return err
	}
	if len(places) > 0 {
		return f.commit(f.with(key, line), places[0], key, value)
	}
	before := f.text
	if len(before) > 0 && !endsLine(before) {
		before = slices.Concat(before, []byte("\n"))
	}
	err = f.commit(slices.Concat(before, []byte(line+"\n")), len(before), key, value)
	if err != nil && f.commit(slices.Concat(before, []byte("\n"+line+"\n")), len(before)+1, key, value) == nil {
		return nil // an empty line ends what a backslash prolongs
	}
	return err
}

// Unset removes every assignment to key, also as `export KEY=value`. It is an
// error, and the file as it was, when a reader would still find one.
func (f *File) Unset(key string) error {
	if err := f.separable(key); err != nil {
		return err
	}
	text := f.with(key, "")
	looks := readAll(text)
	for _, l := range looks {
		if left, ok := l.vars[key]; ok {
			return fmt.Errorf("%s: %s would still find it in line %d", key, l.name, left.line)
		}
	}
	if err := disturbed(f.read(), looks, key); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	f.load(text, looks)
	return nil
}

// commit takes text when all readers find value for key in it. The line that
// assigns it starts at an offset.
func (f *File) commit(text []byte, at int, key, value string) error {
	looks := readAll(text)
	if l, missed := misses(looks, key, value); missed {
		return fmt.Errorf("%s: %w", key, l.reason(text, at, key))
	}
	if err := disturbed(f.read(), looks, key); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	f.load(text, looks)
	return nil
}

// places are the offsets of the entries that set key.
func (f *File) places(key string) (places []int) {
	at := 0
	for _, e := range f.entries {
		if e.name() == key {
			places = append(places, at)
		}
		at += len(e.text)
	}
	return places
}

// with returns the text with line in the place of the first entry that sets
// key, and without the others. An empty line removes that one too.
func (f *File) with(key, line string) []byte {
	text := make([]byte, 0, len(f.text)+len(line))
	for _, e := range f.entries {
		if e.name() != key {
			text = append(text, e.text...)
			continue
		}
		if line != "" && endsLine(e.text) {
			line += "\n"
		}
		text = append(text, line...)
		line = ""
	}
	return text
}

func endsLine(text []byte) bool {
	return bytes.HasSuffix(text, []byte("\n")) || bytes.HasSuffix(text, []byte("\r"))
}

// separable reports an assignment to key that goes over several lines, some of
// which are something else to one of the readers: that would go with it.
func (f *File) separable(key string) error {
	for _, e := range f.entries {
		if e.name() != key || !e.long() {
			continue
		}
		for _, l := range readAll(e.text) {
			delete(l.vars, key)
			if l.err != nil || len(l.vars) > 0 {
				return fmt.Errorf("%s: line %d: its value ends elsewhere for %s than for systemd; repair it by hand", key, e.line, l.name)
			}
		}
	}
	return nil
}
