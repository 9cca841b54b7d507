package envfile

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/joho/godotenv"
)

// seeds are texts to start from.
func seeds() []string {
	texts := []string{"", "A=1\nMIIB\nabc==\n#KEY=old\n# see A = b", "export KEY=\"a\\\nb\"\nA=\n# \\"}
	r := rand.New(rand.NewPCG(7, 8))
	for range 40 {
		texts = append(texts, randomText(r, lines, 8))
	}
	return texts
}

func FuzzParse(f *testing.F) {
	for _, text := range seeds() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := Parse(text)
		if got := file.Bytes(); !bytes.Equal(got, text) {
			t.Fatalf("Bytes() = %q, want %q", got, text)
		}
		for i, e := range file.entries {
			if isName(e.name()) && !perhapsTail(e) && len(file.places(e.name())) == 1 {
				sameMask(t, file, withRaw(file, i, "'other'"))
			}
		}
	})
}

// withRaw is the file with another text behind the = of one entry.
func withRaw(f *File, i int, raw string) *File {
	var text []byte
	for j, e := range f.entries {
		if i == j {
			end := len(bytes.TrimRight(e.text, breaks))
			e.text = []byte(string(e.text[:e.eq+1]) + raw + string(e.text[max(end, e.eq+1):]))
		}
		text = append(text, e.text...)
	}
	return Parse(text)
}

// sameMask holds masks to showing nothing of what distinguishes two files.
func sameMask(t *testing.T, a, b *File) {
	t.Helper()
	hideAll := func(string) bool { return false }
	maskA, _ := Masked(a, nil, hideAll)
	maskB, _ := Masked(b, nil, hideAll)
	if !bytes.Equal(maskA, maskB) {
		t.Fatalf("%q and %q differ when masked:\n%s\n%s", a.text, b.text, maskA, maskB)
	}
}

func FuzzMasked(f *testing.F) {
	for _, text := range seeds() {
		f.Add([]byte(text), []byte(text+"KEY=new\n"))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		b, a := Masked(Parse(before), Parse(after), func(key string) bool { return key == "A" })
		if bytes.Equal(b, a) != bytes.Equal(before, after) {
			t.Fatalf("%q and %q become %q and %q", before, after, b, a)
		}
	})
}

func FuzzSet(f *testing.F) {
	for _, text := range seeds() {
		f.Add([]byte(text), "KEY", "new value")
		f.Add([]byte(text), "A", `it's $x \ "q" #`)
	}
	f.Fuzz(func(t *testing.T, text []byte, key, value string) {
		file := Parse(text)
		if err := file.Set(key, value); err != nil {
			if !bytes.Equal(file.Bytes(), text) {
				t.Fatalf("%q changed to %q in spite of %v", text, file.Bytes(), err)
			}
			return
		}
		if got, ok := file.Get(key); !ok || got != value {
			t.Fatalf("systemd reads %q from %q", got, file.Bytes())
		}
		if vars, err := godotenv.UnmarshalBytes(file.Bytes()); err != nil || vars[key] != value {
			t.Fatalf("godotenv reads %q from %q, error %v", vars[key], file.Bytes(), err)
		}
		if old, kept := foreign(Parse(text), key), foreign(file, key); strings.TrimRight(kept, "\n") != strings.TrimRight(old, "\n") || len(kept) < len(old) {
			t.Fatalf("of %q is left %q", old, kept)
		}
		for _, other := range Parse(text).Keys() {
			was, _ := Parse(text).Get(other)
			if is, _ := file.Get(other); other != key && is != was {
				t.Fatalf("%q: %s was %q and is %q", text, other, was, is)
			}
		}
		once := file.Bytes()
		if err := file.Set(key, value); err != nil || !bytes.Equal(file.Bytes(), once) {
			t.Fatalf("%q is %q after the second time, error %v", once, file.Bytes(), err)
		}
		if err := file.Unset(key); err == nil && len(file.places(key)) > 0 {
			t.Fatalf("%s is still in %q", key, file.Bytes())
		}
	})
}

// foreign is all text of a file that does not set key.
func foreign(f *File, key string) string {
	var text strings.Builder
	for _, e := range f.entries {
		if e.name() != key {
			text.Write(e.text)
		}
	}
	return text.String()
}
