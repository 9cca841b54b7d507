package manifests

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/makenotwork/mnw-agent/test/linear"
)

// withVars is a loader that knows two variables.
func withVars(x, y string) *loader {
	l := newLoader("m.yaml", Options{Types: things, Facts: facts})
	l.readVars(mapping(verbatim("x"), &yaml.Node{Kind: yaml.ScalarNode, Value: x}, verbatim("y"), &yaml.Node{Kind: yaml.ScalarNode, Value: y}))
	return l
}

// referenceForm is what the language calls a reference, with what may escape it or close it.
var referenceForm = regexp.MustCompile(`(\$?)\$\{(vars|facts)\.([A-Za-z0-9_]*)(\}?)`)

// modelled is a text with its references replaced; ok is false when one of them
// is wrong, or leads to a variable that is being expanded.
func modelled(text string, vars map[string]string, open ...string) (expanded string, ok bool) {
	ok = true
	expanded = referenceForm.ReplaceAllStringFunc(text, func(ref string) string {
		part := referenceForm.FindStringSubmatch(ref)
		if part[1] == "$" {
			return ref[1:]
		}
		value, known := facts()[part[3]]
		if part[2] == "vars" {
			value, known = vars[part[3]]
			if slices.Contains(open, part[3]) {
				known = false
			} else if known {
				value, known = modelled(value, vars, append(open, part[3])...)
			}
		}
		ok = ok && known && part[4] == "}"
		return value
	})
	return expanded, ok
}

// A text is expanded as the language says, whatever the variables hold, and one
// that is written by Encode stands for itself.
func FuzzExpand(f *testing.F) {
	for _, text := range []string{
		"", "${vars.x}", "$${vars.x}", "$$${vars.x}", "${${vars.x}}", "${vars.x", "${vars.}", "${facts.arch}-${HOME}", "${vars.z}", "$", "${", "${vars.x}${vars.y}$",
		"${vars.é}", "$${facts.", "${facts.none}", "\xff${vars.x}",
	} {
		f.Add(text, "a", "b")
		f.Add("${vars.x}", text, "${vars.x}")
		f.Add("${vars.y}", "$", text)
	}
	f.Fuzz(func(t *testing.T, text, x, y string) {
		vars := map[string]string{"x": x, "y": y}
		_, okX := modelled(x, vars, "x")
		_, okY := modelled(y, vars, "y")
		l := withVars(x, y)
		if okX && okY && l.found() > 0 {
			t.Fatalf("variables %q: %v", vars, l.err())
		}
		if !okX || !okY {
			if l.found() == 0 {
				t.Fatalf("variables %q are taken", vars)
			}
			return
		}
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
		l.expand(n)
		want, ok := modelled(text, vars)
		if ok != (l.found() == 0) || ok && n.Value != want || ok == passed(n) {
			t.Fatalf("%q expands to %q, %v; want %q", text, n.Value, l.err(), want)
		}
		n = scalar(text)
		withVars(x, y).expand(n)
		if n.Value != text && isText(n) {
			t.Fatalf("%q, encoded, expands to %q", text, n.Value)
		}
	})
}

// The nearest name is one of the candidates, near, and the same whatever their
// order is.
func FuzzNearest(f *testing.F) {
	f.Add("moode", "mode", "model", "owner")
	f.Add("", "", "a", "b")
	f.Add("a", "b", "ab", "A")
	f.Add("\xff\x00", "é", "e", "\xff")
	f.Fuzz(func(t *testing.T, name, a, b, c string) {
		if len(name)+len(a)+len(b)+len(c) > 2000 {
			t.Skip()
		}
		names := []string{a, b, c}
		patience := enoughPatience
		best := nearest(name, slices.Values(names), &patience)
		slices.Reverse(names)
		again := nearest(name, slices.Values(names), &patience)
		if best != again || best != "" && !slices.Contains(names, best) {
			t.Fatalf("of %q, %q is nearest to %q, and then %q", names, best, name, again)
		}
		ab, ba, ac, bc := distance(a, b), distance(b, a), distance(a, c), distance(b, c)
		if ab != ba || (ab == 0) != (a == b) || ac > ab+bc || ab > max(len(a), len(b)) || ab < max(len(a)-len(b), len(b)-len(a)) {
			t.Fatalf("distances %d, %d, %d, %d of %q", ab, ba, ac, bc, names)
		}
		for _, other := range names {
			if best != "" && distance(name, other) < distance(name, best) {
				t.Fatalf("%q is nearer to %q than %q", other, name, best)
			}
		}
		patience = 3
		nearest(name, slices.Values(slices.Repeat(names, 100)), &patience)
		if patience > 0 {
			t.Fatal("it is too patient")
		}
	})
}

// A number, a switch or a duration that is taken is what is written, and a text
// that is proposed for one that is not is taken.
func FuzzScalars(f *testing.F) {
	for _, text := range []string{"1", "-0", "007", "1e3", "0x1f", "true", "yes", "30s", "5", "1_0", "nan", "inf", "1h30m", "-5", "-1s", "9223372036854775808", "", "+1", "1e400", "99999999999999", "٣", "0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, zero := range []any{int8(0), int64(0), uint16(0), false, time.Duration(0)} {
			value, err := taken(text, zero)
			if err != nil {
				proposalIsTaken(t, err.Error(), zero)
				continue
			}
			written := nodeOf(value).Value
			again, err := taken(written, zero)
			if err != nil || !again.Equal(value) || value.Kind() != reflect.Int64 && written != text {
				t.Fatalf("%T: %q is written %q, and that read as %v, %v", zero, text, written, again, err)
			}
		}
	})
}

// taken is what a text is to a field of the type of zero.
func taken(text string, zero any) (reflect.Value, error) {
	l, into := newLoader("m.yaml", Options{Types: things}), reflect.New(reflect.TypeOf(zero)).Elem()
	scalarDecoder(into.Type())(l, &yaml.Node{Kind: yaml.ScalarNode, Value: text}, into)
	return into, l.err()
}

// proposal is what an error proposes to write.
var proposal = regexp.MustCompile(`: write (\S+)( for seconds.*)?$`)

func proposalIsTaken(t *testing.T, said string, zero any) {
	t.Helper()
	if found := proposal.FindStringSubmatch(said); found != nil {
		if _, err := taken(found[1], zero); err != nil {
			t.Fatalf("%s: that is no better: %v", said, err)
		}
	}
}

// A manifest is read in time that does not grow with its square.
func FuzzLong(f *testing.F) {
	for _, piece := range []string{"${vars.x}", "${vars.", "$", "a", "é"} {
		f.Add("version: 1\nvars: {x: a}\nfiles: {/a: {content: \"", piece, "\"}}")
	}
	f.Add("version: 1\nfiles:\n", "  /a: {moode: 1}\n", "")
	f.Add("version: 1\nfiles: {/a: {content: ", "'", "}}")
	f.Add("", "- ", "")
	f.Add("version: 1\n", "\t", "")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			_, _ = Parse("m.yaml", []byte(text), Options{Types: things, Facts: facts})
		})
	})
}
