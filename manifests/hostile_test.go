package manifests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile is texts that are made to hurt, of about hostileSize.
var hostile = map[string]func() string{
	"flow mapping":       func() string { return "version: 1\nfiles: {" + filled("a,") + "}" },
	"flow lists":         func() string { return "version: 1\nfiles: [" + filled("[],") + "]" },
	"pairs in flow":      func() string { return "version: 1\nfiles: [" + filled("a: b,") + "]" },
	"block list":         func() string { return "version: 1\nfiles:\n" + filled("-\n") },
	"block mapping":      func() string { return "version: 1\nfiles:\n" + numbered("  /k%d: {mode: 0644}\n") },
	"nested flow":        func() string { return filled("[") },
	"nested flow, again": func() string { return "version: 1\nfiles:\n" + filled(strings.Repeat("[", 9000)+"]\n") },
	"nested block":       func() string { return filled("- ") },
	"nested keys":        func() string { return filled("? ") },
	"nested mappings":    func() string { return "version: 1\nfiles: " + strings.Repeat("{a: ", 9990) + strings.Repeat("}", 9990) },
	"wide and deep":      func() string { return strings.Repeat("[\n", 9990) + filled("a,\n") },
	"stairs":             stairs,
	"comments":           func() string { return "version: 1\n" + filled("#\n") },
	"comments on keys":   func() string { return "version: 1\nfiles:\n" + filled("  a: #\n") },
	"comments on items":  func() string { return "version: 1\nfiles:\n" + filled("  - a #\n") },
	"comments between":   func() string { return "version: 1\nfiles:\n" + filled("  - a\n  #b\n\n") },
	"comments below":     func() string { return strings.Repeat("- ", 9900) + "a\n" + filled("#\n") },
	"duplicate keys":     func() string { return "version: 1\nfiles:\n" + filled("  /a: {}\n") },
	"many errors":        func() string { return "version: 1\nfiles:\n" + numbered("  /k%d: {moode: 9}\n") },
	"many sections":      func() string { return "version: 1\n" + numbered("f%d: {}\n") },
	"many variables":     func() string { return "version: 1\nvars:\n" + numbered("  v%d: ${vars.w}\n") },
	"chain of variables": chain,
	"bomb of variables":  variableBomb,
	"long line":          func() string { return "version: 1\nfiles: {/a: {content: " + filled("x") + "}}" },
	"long key":           func() string { return "version: 1\nfiles: {? " + filled("x") + " : {}}" },
	"long values again":  longAgain,
	"escapes":            func() string { return "version: 1\nfiles: {/a: {content: \"" + filled("\\x41") + "\"}}" },
	"block text":         func() string { return "version: 1\nfiles:\n  /a:\n    content: |\n" + filled("      x\n") },
	"blank lines":        func() string { return "version: 1\nfiles:\n  /a:\n    content: |\n" + filled("\n") },
	"anchors":            func() string { return "version: 1\nfiles:\n" + numbered("- &a%d x\n") },
	"aliases":            func() string { return "version: 1\nfiles:\n- &a x\n" + filled("- *a\n") },
	"alias bomb":         aliasBomb,
	"merge bomb":         mergeBomb,
	"merges": func() string {
		return "version: 1\nfiles:\n  /a: &a {mode: 0644, owner: root, group: root}\n" + numbered("  /f%d: {<<: *a}\n")
	},
	"tags":              func() string { return "version: 1\nfiles:\n" + filled("  - !!x y\n") },
	"directives":        func() string { return numbered("%%TAG !a%d! t:x\n") + "---\nversion: 1\n" },
	"documents":         func() string { return "version: 1\n" + filled("---\n") },
	"tabs":              func() string { return filled("\t") },
	"spaces":            func() string { return filled(" ") },
	"zeros":             func() string { return filled("\x00") },
	"bytes":             func() string { return filled("\xff") },
	"lines without end": func() string { return "version: 1\nfiles:\n" + filled("  a\r") },
	"open quotes":       func() string { return "version: 1\nfiles: {\"" + filled("x\n") },
	"afters":            afters,
}

// TestHostile loads each in a process of its own, which must end quickly and
// stay small: once as large as a manifest may be, when most are refused at
// once, and then smaller and smaller.
func TestHostile(t *testing.T) {
	if name := os.Getenv("HOSTILE"); name != "" {
		for ; hostileSize > 300_000; hostileSize /= 2 {
			Parse("m.yaml", []byte(hostile[name]()), Options{Types: things, Facts: facts})
		}
		return
	}
	for name := range hostile {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestHostile$")
			cmd.Env = append(os.Environ(), "HOSTILE="+name)
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%.2000s", err, out)
			}
			took, usage := time.Since(start), cmd.ProcessState.SysUsage().(*syscall.Rusage)
			cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
			t.Logf("%v (%v of processor time), %d MiB", took.Round(time.Millisecond), cpu.Round(time.Millisecond), usage.Maxrss>>10)
			if cpu > 10*time.Second {
				t.Errorf("it takes %v", cpu)
			}
			if usage.Maxrss>>10 > 180 {
				t.Errorf("it takes %d MiB", usage.Maxrss>>10)
			}
		})
	}
}

// hostileSize begins with room for what stands before and behind.
var hostileSize = manifestLimit - 100_000

func filled(unit string) string { return strings.Repeat(unit, hostileSize/len(unit)) }

// numbered is lines that differ.
func numbered(format string) string {
	var text strings.Builder
	for i := 0; text.Len() < hostileSize; i++ {
		fmt.Fprintf(&text, format, i)
	}
	return text.String()
}

func stairs() string {
	var text strings.Builder
	for i := 0; text.Len() < hostileSize; i++ {
		text.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return text.String()
}

func chain() string {
	text := strings.Builder{}
	text.WriteString("version: 1\nvars:\n  v0: x\n")
	for i := range 90_000 {
		fmt.Fprintf(&text, "  v%d: ${vars.v%d}\n", i+1, i)
	}
	return text.String()
}

func variableBomb() string {
	text := strings.Builder{}
	text.WriteString("version: 1\nvars:\n  v0: xxxxxxxxxx\n")
	for i := range 100 {
		fmt.Fprintf(&text, "  v%d: %s\n", i+1, strings.Repeat(fmt.Sprintf("${vars.v%d}", i), 10))
	}
	return text.String()
}

func aliasBomb() string {
	text := strings.Builder{}
	text.WriteString("version: 1\njobs:\n  a0: &a0 {env: {A: b}}\n")
	for i := range 50 {
		fmt.Fprintf(&text, "  a%d: &a%[1]d {steps: [%s]}\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	return text.String()
}

func mergeBomb() string {
	text := strings.Builder{}
	text.WriteString("version: 1\nfiles:\n  /a0: &a0 {mode: 0644}\n")
	for i := range 50 {
		fmt.Fprintf(&text, "  /a%d: &a%[1]d {<<: [%s]}\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	return text.String()
}

// longAgain has a thousand errors about one long value.
func longAgain() string {
	text := strings.Builder{}
	text.WriteString("version: 1\nfiles:\n  /a: {owner: &a " + strings.Repeat("x ", hostileSize/4) + "}\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "  /b%d: {owner: *a, group: *a, mode: *a}\n", i)
	}
	return text.String()
}

// afters refers to what is not there, near many that are.
func afters() string {
	text := strings.Builder{}
	text.WriteString("version: 1\nfiles:\n")
	for i := range 12_000 {
		fmt.Fprintf(&text, "  /srv/some/long/directory/name/with/%05d: {after: [\"file:/srv/some/long/directory/name/with/x%05d\"]}\n", i, i)
	}
	return text.String()
}
