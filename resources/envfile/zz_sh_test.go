package envfile
import ("testing";"math/rand/v2";"os";"time")
func TestZSh(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 2))
	extra := append([]string{"A='", "'\n", "\"\n", "A=\"", "B='x'", "C=\"y\"", "\n", "\n", "\nA=", "\nB=", "\nC=", "hello", "/a/b", "\\\n", "\\\\", "\\\"", "\\'", "\\$", "\x81", "\x82", "\x88", "\xc4\x81", "ā", "=", "${A}", "$B ", "export C=", "~", "a:~", " & ", " && ", " ; ", " | "}, linePieces...)
	_ = os.Getpid()
	read := 0
	for range 4 {
	var texts [][]byte
	for range 1500 { texts = append(texts, []byte(randomText(r, extra, 14))) }
	for i, got := range realSh(t, texts) {
		want, err := sh(texts[i])
		if err != nil { continue }
		read++
		for _, name := range []string{"A", "B", "C"} {
			w, set := want[name]
			if g, ok := got[name]; got == nil || w.value != unclear && (ok != set || g != w.value) {
				t.Errorf("%q: %s: sh has %q %v (%v), the model %q %v", texts[i], name, g, ok, got, w.value, set)
			}
		}
	}
	}
	t.Logf("read %d", read)
}
