package node

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/linear"
)

// What a judge says of the future is a complaint, unless it said the same of the
// node as it was: nothing that is new is lost, and nothing that is known is told
// for merely standing elsewhere.
func FuzzComplaints(f *testing.F) {
	f.Add("/etc/sudoers.d/a:1:2: syntax error\n\n", "/etc/sudoers.d/a:7:9: syntax error\n/etc/sudoers.d/b:1: no", "/etc/sudoers.d/b:", 3)
	f.Add("line 3: x\n(12) 0x1f 2026-01-02 10:11:12.5", "line 4: x\n(13) 0x2f 2026-01-03 10:11:13", "", 12)
	f.Add("a/\xff:1\n\u2028\r", "/:1:2:/:3", "\x00", 0)
	f.Fuzz(func(t *testing.T, before, after, own string, number int) {
		was := Verdict{Refused: true, Words: before}
		is := Verdict{Refused: true, Words: after, Judge: Judge{Own: []string{own + ":own:"}}}
		news := Complaints(was, is)
		if unknown := len(lines(after)) - len(lines(before)); len(news) < unknown {
			t.Fatalf("%d complaints of at least %d", len(news), unknown)
		}
		rest := lines(after)
		for _, line := range news {
			at := slices.Index(rest, line)
			if at < 0 {
				t.Fatalf("%q was never said, or not in that order", line)
			}
			rest = rest[at+1:]
		}
		for _, line := range lines(after) {
			if !slices.ContainsFunc(lines(before), func(old string) bool { return placeless(old) == placeless(line) }) && !slices.Contains(news, line) {
				t.Fatalf("%q is new, and not told", line)
			}
		}
		if all := Complaints(Verdict{Words: before}, is); !slices.Equal(all, lines(after)) {
			t.Fatalf("of a node that was right, %q is told", all)
		}
		is.Judge.Own = nil
		if same := Complaints(is, is); same != nil {
			t.Fatalf("%q is told, and was known", same)
		}
		if moved := Complaints(is, Verdict{Refused: true, Words: elsewhere(after, number)}); moved != nil {
			t.Fatalf("%q merely stands elsewhere", moved)
		}
	})
}

// inFile is a file and a line, of a kind that no other part of a line runs into.
var inFile = regexp.MustCompile(`(^|\s)(/[a-z/]+):[0-9]+: `)

// elsewhere is a text in which files have their lines in other places.
func elsewhere(text string, number int) string {
	digits := strings.Repeat("7", 1+(number&7))
	return inFile.ReplaceAllString(text, "$1$2:"+digits+": ")
}

// crontab may say anything: the line that it names is one of the table, or none.
func FuzzFaultyLine(f *testing.F) {
	f.Add("\"-\":1: bad minute\nerrors in crontab file", "MAILTO=\"\"\n61 * * * * no\n")
	f.Add("\"-\":", "")
	f.Add("\"-\":00:\"-\":-1:", "\xff")
	f.Fuzz(func(t *testing.T, said, table string) {
		c := &CrontabChange{To: NewContent([]byte(table))}
		line, number, ok := c.faultyLine(said)
		lines := strings.Split(table, "\n")
		if ok && (number < 1 || number > len(lines) || lines[number-1] != line) {
			t.Fatalf("line %d is not %q", number, line)
		}
	})
}

// A mode that is taken reads the same when it is written, and no bit is lost.
func FuzzMode(f *testing.F) {
	for _, text := range []string{"0644", "644", "0o2775", "4755", "7777", "10000", "0o0o644", "0x1ff", "+644", "-1", "０644", "64"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mode, err := ParseMode(text)
		if err != nil {
			if !strings.Contains(err.Error(), "is not a mode: ") {
				t.Fatalf("no reason: %v", err)
			}
			return
		}
		if mode&^0o7777 != 0 || strings.TrimLeft(text, "0o") != strings.TrimLeft(mode.String(), "0") {
			t.Fatalf("%q is read as %s", text, mode)
		}
		if again, err := ParseMode(mode.String()); err != nil || again != mode {
			t.Fatalf("%s is read as %s, %v", mode, again, err)
		}
	})
}

func FuzzComplaintsLong(f *testing.F) {
	f.Add("", "/etc/a:1: x\n", "")
	f.Add("/", "a", ":1")
	f.Add("", "/a:1", ":")
	f.Add("", "1", "\n")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			v := Verdict{Refused: true, Words: text, Judge: Judge{Own: []string{"/etc/a:"}}}
			Complaints(v, v)
			remarks(text, []string{"parsed OK"})
		})
	})
}
