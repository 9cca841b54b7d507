package envfile

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/joho/godotenv"

	"github.com/makenotwork/mnw-agent/test/linear"
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
	f.Add([]byte(`A=\`), "KEY", "x") // a newline would change A for sh
	f.Add([]byte("A==\"\nY=\nA=\"\n"), "A", "x")
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
		sameOthers(t, text, file.Bytes(), key)
		once := file.Bytes()
		for _, again := range []*File{file, Parse(once)} {
			if err := again.Set(key, value); err != nil || !bytes.Equal(again.Bytes(), once) {
				t.Fatalf("%q is %q after the second time, error %v", once, again.Bytes(), err)
			}
		}
		if err := file.Unset(key); err == nil && len(file.places(key)) > 0 {
			t.Fatalf("%s is still in %q", key, file.Bytes())
		}
	})
}

// sameOthers holds that whoever could read a text before reads the same after an
// edit, but for one key.
func sameOthers(t *testing.T, before, after []byte, key string) {
	t.Helper()
	looks := readAll(after)
	for i, was := range readAll(before) {
		if was.err != nil {
			continue
		}
		if looks[i].err != nil {
			t.Fatalf("%s could read %q, and not %q: %v", was.name, before, after, looks[i].err)
		}
		for other, value := range was.vars {
			if is := looks[i].vars[other]; other != key && !value.refers && is.value != value.value {
				t.Fatalf("%s reads %q for %s from %q, and %q from %q", was.name, value.value, other, before, is.value, after)
			}
		}
		delete(was.vars, key)
		delete(looks[i].vars, key)
		if len(looks[i].vars) != len(was.vars) {
			t.Fatalf("%s reads %d variables from %q, and %d from %q", was.name, len(was.vars), before, len(looks[i].vars), after)
		}
	}
}

// FuzzUnset holds that a key that goes is gone for every reader, that all else
// stays, and that a second time changes nothing.
func FuzzUnset(f *testing.F) {
	for _, text := range seeds() {
		f.Add([]byte(text), "KEY")
		f.Add([]byte(text+"\nexport A='1\n2'\r\nKEY=\n"), "A")
	}
	f.Add([]byte("A\\\nA="), "A") // to sh it is one name, AA
	f.Add([]byte("A=\\='\n'''="), "A")
	f.Add([]byte("A=0'\n'"), "A")
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		file := Parse(text)
		if err := file.Unset(key); err != nil {
			if !bytes.Equal(file.Bytes(), text) {
				t.Fatalf("%q changed to %q in spite of %v", text, file.Bytes(), err)
			}
			return
		}
		once := file.Bytes()
		for _, look := range readAll(once) {
			if _, ok := look.vars[key]; ok {
				t.Fatalf("%s finds it in %q", look.name, once)
			}
		}
		if isName(key) {
			if old, kept := foreign(Parse(text), key), foreign(file, key); old != kept {
				t.Fatalf("of %q is left %q", old, kept)
			}
			sameOthers(t, text, once, key)
		}
		if err := file.Unset(key); err != nil || !bytes.Equal(file.Bytes(), once) {
			t.Fatalf("%q is %q after the second time, error %v", once, file.Bytes(), err)
		}
	})
}

// What is quoted stands on its own in a file, and reads the same to everyone.
func FuzzQuote(f *testing.F) {
	for _, value := range []string{"", "a b", "it's $1 `a` \\ \"b\" c", `\\host`, "x\ny", "\r", "a\x00", "\xff", "\uffff", "~", "#", `'"`, `\`, "\u0085", "${A}", "!"} {
		f.Add("KEY", value)
	}
	f.Add("OPTIND", "1")
	f.Add("1A", "")
	f.Fuzz(func(t *testing.T, key, value string) {
		if key == "_before" || key == "_after" {
			t.Skip()
		}
		line, err := Quote(key, value)
		if err != nil {
			if len(value) > 8 && !strings.Contains(key, value) && strings.Contains(err.Error(), value) {
				t.Fatalf("the error tells the value: %v", err)
			}
			return
		}
		text := []byte("_before=1\n" + line + "\n_after=2\n")
		for _, look := range readAll(text) {
			if look.err != nil || look.vars[key].value != value {
				t.Fatalf("%s reads %q from %s, error %v", look.name, look.vars[key].value, text, look.err)
			}
		}
		vars, err := godotenv.UnmarshalBytes(text)
		if err != nil || vars[key] != value {
			t.Fatalf("godotenv reads %q from %s, error %v", vars[key], text, err)
		}
		if len(bytes.Split([]byte(line), []byte("\n"))) != strings.Count(value, "\n")+1 {
			t.Fatalf("%q has another number of lines than its value", line)
		}
	})
}

// A file is edited in time that does not grow with its square.
func FuzzLong(f *testing.F) {
	for _, piece := range []string{"A=1\n", "a\n", "#\\\n", "'", "KEY=x\n", "A=$A$A\n", "export ", "\\", "A=\"", "export KEY='\n'\n", "\r\n", "A=x;", "a\r", "KEY='\nA='\n"} {
		f.Add("", piece, "")
	}
	f.Add("KEY=\"", "A=1\n", "")
	f.Add("KEY='", "\\", "\n")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			file := Parse([]byte(text))
			_ = file.Set("KEY", "it's")
			_ = file.Unset("KEY")
			file.Keys()
			Masked(file, Parse([]byte("A=1")), isName)
			_, _ = Quote("KEY", text)
		})
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
