package envfile

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/joho/godotenv"
)

// shProgram sources each of its arguments in a shell of its own. It prints A, B,
// C and KEY as "=value", as "" when unset, when the shell comes that far; then
// "next". A NUL ends each.
const shProgram = `
for file; do
	(
		set -a
		. "$file" >/dev/null 2>&1
		printf '%s\0' "${A+=$A}" "${B+=$B}" "${C+=$C}" "${KEY+=$KEY}"
	)
	printf 'next\0'
done`

// realSh returns the variables that sh has after each text, nil where the text
// has stopped it.
func realSh(t *testing.T, texts [][]byte) []map[string]string {
	t.Helper()
	dir := t.TempDir()
	readable(t, filepath.Dir(dir))
	readable(t, dir)
	args := []string{"-c", shProgram, "sh"}
	for i, text := range texts {
		args = append(args, filepath.Join(dir, fmt.Sprint(i)))
		if err := os.WriteFile(args[len(args)-1], text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=/nonexistent"} // a text must not run programs
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}} // or do harm
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	var vars map[string]string
	n := 0
	for field := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if field == "next" {
			all = append(all, vars)
			vars, n = nil, 0
			continue
		}
		if vars == nil {
			vars = map[string]string{}
		}
		if value, set := strings.CutPrefix(field, "="); set {
			vars[[]string{"A", "B", "C", "KEY"}[n]] = value
		}
		n++
	}
	if len(all) != len(texts) {
		t.Fatalf("sh came to %d of %d texts", len(all), len(texts))
	}
	return all
}

const nobody = 65534

func readable(t *testing.T, dir string) {
	t.Helper()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestValuesThroughSh(t *testing.T) {
	all := values(t)
	var texts [][]byte
	for _, v := range all {
		texts = append(texts, quotedFile(t, v))
	}
	for i, vars := range realSh(t, texts) {
		if vars["KEY"] != all[i] {
			t.Errorf("%s: sh reads %q, want %q", texts[i], vars["KEY"], all[i])
		}
	}
}

func TestValuesThroughGodotenv(t *testing.T) {
	for _, v := range values(t) {
		text := quotedFile(t, v)
		vars, err := godotenv.UnmarshalBytes(text)
		if err != nil || vars["KEY"] != v {
			t.Errorf("%s: godotenv reads %q, want %q, error %v", text, vars["KEY"], v, err)
		}
	}
}

func TestValuesThroughSystemd(t *testing.T) {
	for _, v := range values(t) {
		if got, ok := Parse(quotedFile(t, v)).Get("KEY"); !ok || got != v {
			t.Errorf("%s: systemd reads %q, want %q", quotedFile(t, v), got, v)
		}
	}
}

// What the model of sh says about a text is true. It may say nothing.
func TestShModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var texts [][]byte
	for range 1200 {
		texts = append(texts, []byte(randomText(r, linePieces, 14)))
	}
	said := 0
	for i, real := range realSh(t, texts) {
		if asReal(t, texts[i], real) {
			said++
		}
	}
	if said < len(texts)/5 {
		t.Errorf("the model said something about %d of %d texts only", said, len(texts))
	}
}

// asReal holds what the model says about a text, if anything, to what sh has read.
func asReal(t *testing.T, text []byte, real map[string]string) (said bool) {
	t.Helper()
	model, err := sh(text)
	if err != nil {
		return false
	}
	for _, name := range []string{"A", "B", "C"} {
		m, inModel := model[name]
		got, inReal := real[name]
		if real == nil || m.value != unclear && (inModel != inReal || m.value != got) {
			t.Errorf("%q: sh reads %q for %s, the model %q", text, got, name, m.value)
		}
	}
	return true
}

// FuzzShModel is TestShModel for any text. What the model says nothing about is
// not given to sh, nor is what could name a file or a program.
func FuzzShModel(f *testing.F) {
	if os.Getuid() != 0 {
		f.Skip("it needs root, to be nobody")
	}
	r := rand.New(rand.NewPCG(11, 12))
	for range 30 {
		f.Add([]byte(randomText(r, linePieces, 14)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := sh(text); err != nil || bytes.ContainsAny(text, "/\x00") || len(text) > 1000 {
			t.Skip()
		}
		asReal(t, text, realSh(t, [][]byte{text})[0])
	})
}

// What Set has written into a file reads right, and what it refuses has a reason
// in the file.
func TestSetThroughSh(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var texts [][]byte
	var want []string
	for range 600 {
		f := Parse([]byte(randomText(r, lines, 6)))
		value := randomText(r, valuePieces, 6)
		if f.Set("KEY", value) == nil {
			texts, want = append(texts, f.Bytes()), append(want, value)
		}
	}
	if len(texts) < 200 {
		t.Errorf("only %d files were written", len(texts))
	}
	for i, vars := range realSh(t, texts) {
		if got, ok := vars["KEY"]; !ok || got != want[i] {
			t.Errorf("%q: sh reads %q, want %q", texts[i], got, want[i])
		}
		if vars, err := godotenv.UnmarshalBytes(texts[i]); err != nil || vars["KEY"] != want[i] {
			t.Errorf("%q: godotenv reads %q, want %q, error %v", texts[i], vars["KEY"], want[i], err)
		}
	}
}

func FuzzDotenvModel(f *testing.F) {
	f.Add([]byte("A=1\n:$(A $a \\$A ${A}"))
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		f.Add([]byte(randomText(r, linePieces, 14)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want, wantErr := godotenv.UnmarshalBytes(text)
		got, err := dotenv(text)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%q: model %v, godotenv %v", text, err, wantErr)
		}
		if err != nil {
			return
		}
		for k, v := range want {
			if got[k].value != v {
				t.Fatalf("%q: %q: model %q, godotenv %q", text, k, got[k].value, v)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%q: model %v, godotenv %v", text, got, want)
		}
	})
}
