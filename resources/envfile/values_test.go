package envfile

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// values are those of testdata/values.txt and a long one.
func values(t testing.TB) []string {
	text, err := os.ReadFile("testdata/values.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := []string{strings.Repeat("long 'n' wide $ ", 8000)}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		value, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, value)
	}
	return list
}

// randomText is made of the pieces that readers trip over.
func randomText(r *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

var valuePieces = strings.Split(`a|B|0|'|"|\|$|`+"`"+`|#| |  |	|=|;|&|%|~|{|}|(|)|n|r|*|é|日|!|-|:|export|
`, "|")

var linePieces = append(append(valuePieces, " && A=", " || A=", " | A="), strings.Split(`
|
|A=|B=|C=|A='|B="|A="x"|
A=|
B=|
#|
# \
|
;|export A=|	export  B = |\
|`+"\r\n|\r|\ufeff|\xff||&C=|; B=|$A|${B}|x y|exit|A: b", "|")...)

// lines are what a file of some years has in it.
var lines = []string{
	"\n", "\r\n", "# prose\n", "#KEY=old\n", "# goes on \\\n", "; systemd's\n", "junk\n", "\ufeff",
	"A=1\n", "A=1\r\n", "A=hello world\n", "export A=1\n", "A=it's\n", "A=x \\\n", "A=C:\\\n", "A=$HOME/x\n", "A=$(id)\n",
	"B='x\ny'\n", "B=\"x\nKEY=inner\n\"\n", "B=\"x\n", "B=1 # one\n", "B=postgres:///db?host=/run&user=x\n", "B=u?x=1&KEY=2\n",
	"KEY=old\n", "KEY=old\r\n", "KEY='old\nolder'\n", "KEY = old\n", "  KEY=old\n", "export KEY=old\n", "KEY=\"old\n", "KEY=old", "# end",
}

func quotedFile(t testing.TB, value string) []byte {
	line, err := Quote("KEY", value)
	if err != nil {
		t.Fatalf("%q: %v", value, err)
	}
	return []byte(line + "\n")
}
