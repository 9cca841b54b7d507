package envfile
import ("testing";"os";"fmt";"math/rand/v2";"strconv";"os/exec")
func TestZPy(t *testing.T) {
	dir := "/tmp/envfile/pyt"; os.RemoveAll(dir); os.MkdirAll(dir, 0o755)
	r := rand.New(rand.NewPCG(9, 2))
	all := values(t)
	for range 1500 { v := randomText(r, valuePieces, 8); if writable(v) == nil { all = append(all, v) } }
	for i, v := range all { os.WriteFile(fmt.Sprintf("%s/%d", dir, i), quotedFile(t, v), 0o644) }
	out, err := exec.Command("python3", "/tmp/envfile/py.py", dir, strconv.Itoa(len(all))).CombinedOutput()
	if err != nil { t.Fatal(err, string(out)) }
	bad := 0
	for i, v := range all {
		b, err := os.ReadFile(fmt.Sprintf("%s/%d.out", dir, i))
		if err != nil || string(b) != v { bad++; l, _ := Quote("KEY", v); if bad < 40 { fmt.Printf("%q  %s -> %q\n", v, l, b) } }
	}
	fmt.Println(bad, "of", len(all))
}
