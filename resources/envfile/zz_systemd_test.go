package envfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	dir := "/tmp/envfile/zz"
	os.RemoveAll(dir); os.RemoveAll(dir+".out"); os.MkdirAll(dir, 0o755)
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	var texts [][]byte
	var want []string
	for _, v := range values(t) { texts = append(texts, quotedFile(t, v)); want = append(want, v) }
	for range 150 {
		v := randomText(r, valuePieces, 12)
		if writable(v) == nil { texts = append(texts, quotedFile(t, v)); want = append(want, v) }
	}
	for range 400 {
		f := Parse([]byte(randomText(r, lines, 7)))
		v := randomText(r, valuePieces, 8)
		if f.Set("KEY", v) == nil { texts = append(texts, f.Bytes()); want = append(want, v) }
	}
	nv := len(texts)
	for range 300 { texts = append(texts, []byte(randomText(r, lines, 8))) }
	for range 500 { texts = append(texts, []byte(randomText(r, linePieces, 16))) }
	for i, x := range texts { os.WriteFile(fmt.Sprintf("%s/%d", dir, i), x, 0o644) }
	if out, err := exec.Command("/tmp/envfile/sd.sh", dir).CombinedOutput(); err != nil { t.Fatal(err, string(out)) }
	refused := 0
	for i, x := range texts {
		out, err := os.ReadFile(fmt.Sprintf("%s.out/%d", dir, i))
		m, merr := systemd(x, os.Getenv("L") == "")
		if (err != nil) != (merr != nil) { t.Errorf("%q: real %v model %v", x, err, merr); continue }
		if err != nil { refused++; continue }
		got := map[string]string{}
		for _, kv := range bytes.Split(out, []byte{0}) {
			k, v, _ := strings.Cut(string(kv), "=")
			switch k { case "", "LANG", "PATH", "INVOCATION_ID", "SYSTEMD_EXEC_PID", "USER", "HOME", "LOGNAME", "SHELL", "MANAGERPIDFDID", "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE": continue }
			got[k] = v
		}
		if i < nv && got["KEY"] != want[i] { t.Errorf("value %q got %q", want[i], got["KEY"]) }
		for k, v := range m { if g, ok := got[k]; !ok || g != v.value { t.Errorf("%q: %s: real %q %v model %q", x, k, g, ok, v.value) } }
		if len(got) != len(m) { t.Errorf("%q: real %v model %v", x, got, m) }
	}
	t.Logf("%d texts, %d values, %d refused by both", len(texts), nv, refused)
}
